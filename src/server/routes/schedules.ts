import type { By } from "../../kernel/engine/schedules.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { ScheduleRow } from "../../kernel/model/schedule.ts";
import type { Backfill, BackfillBody } from "../../wire/schedule.ts";
import { findRun } from "../find-run.ts";
import { decodeToken, pageOf } from "../page-token.ts";
import type { BodySpec, Call, Route, RouteResponse } from "../route.ts";
import { pageOf as pageSchema } from "../schema/components.ts";
import { object, ref, type Schema, text, timestamp, whole } from "../schema/schema.ts";
import { detailView } from "../views/run.ts";
import { backfillView, scheduleDetail, scheduleSummary } from "../views/schedule.ts";
import { limitOf, type Paging, paging } from "./paging.ts";

const reason: Schema = text(1_000, "Written to the audit log.");
const next: Schema = {
  ...whole,
  minimum: 1,
  maximum: 100,
  default: 5,
  description: "Number of upcoming scheduled times to return.",
};
const reasonBody: BodySpec = {
  schema: object({ reason }, { optional: ["reason"] }),
  isOptional: true,
  payloadMax: () => 0,
};

export const scheduleRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/schedules",
    id: "listSchedules",
    summary: "Lists schedules with their next scheduled times and the last outcome.",
    scope: "schedules:read",
    query: object({ workflow: text(200), next, ...paging }, { optional: ["workflow", "next", "limit", "pageToken"] }),
    answers: { 200: { description: "One page.", schema: pageSchema("ScheduleSummary") } },
    handle: list,
  },
  {
    method: "GET",
    path: "/api/schedules/{id}",
    id: "getSchedule",
    summary:
      "Returns a schedule with its last firings. The id is workflow/name with the slash as %2F; the workflow alone is enough if it has one schedule.",
    scope: "schedules:read",
    query: object({ next }, { optional: ["next"] }),
    answers: { 200: { description: "The schedule.", schema: ref("ScheduleDetail") } },
    handle: show,
  },
  {
    method: "POST",
    path: "/api/schedules/{id}/pause",
    id: "pauseSchedule",
    summary: "Pauses a schedule: its scheduled times pass without starting runs until it is resumed.",
    scope: "schedules:write",
    body: reasonBody,
    answers: { 200: { description: "The schedule after the change.", schema: ref("ScheduleDetail") } },
    handle: (call) => change(call, "pause"),
  },
  {
    method: "POST",
    path: "/api/schedules/{id}/resume",
    id: "resumeSchedule",
    summary: "Resumes a schedule from now on; times that passed during the pause are not caught up.",
    scope: "schedules:write",
    body: reasonBody,
    answers: { 200: { description: "The schedule after the change.", schema: ref("ScheduleDetail") } },
    handle: (call) => change(call, "resume"),
  },
  {
    method: "POST",
    path: "/api/schedules/{id}/run-now",
    id: "runSchedule",
    summary: "Starts a run now, in addition to the schedule.",
    scope: "schedules:write",
    body: reasonBody,
    answers: { 201: { description: "The new run.", schema: ref("RunDetail") } },
    handle: runNow,
  },
  {
    method: "POST",
    path: "/api/schedules/{id}/backfill",
    id: "backfillSchedule",
    summary: `Starts the missing runs of a past time range, up to ${defaults.schedule.backfillMax}.`,
    scope: "schedules:write",
    body: {
      schema: object(
        {
          from: timestamp,
          to: { ...timestamp, description: "Default: now." },
          dryRun: { type: "boolean", description: "Lists the times without starting runs." },
          reason,
        },
        { optional: ["to", "dryRun", "reason"] },
      ),
      payloadMax: () => 0,
    },
    answers: { 200: { description: "Each scheduled time with its run.", schema: ref("Backfill") } },
    handle: backfill,
  },
];

async function list({ query, services }: Call): Promise<RouteResponse> {
  const { workflow, next: count, ...page } = query as Paging & { workflow?: string; next?: number };
  const { engine } = services;
  const limit = limitOf(page);
  const [now, rows] = await Promise.all([
    engine.schedules.now(),
    engine.schedules.list({
      ...(workflow === undefined ? {} : { definition: workflow }),
      after: decodeToken("schedules", page.pageToken),
      limit: limit + 1,
    }),
  ]);
  const toItem = (row: ScheduleRow): unknown => scheduleSummary(engine, row, now, count);
  return { status: 200, body: pageOf("schedules", rows, limit, (row) => row.no, toItem) };
}

async function show({ params, query, services }: Call): Promise<RouteResponse> {
  const { next: count } = query as { next?: number };
  const row = await services.engine.schedules.get(idOf(params));
  return { status: 200, body: await scheduleDetail(services.engine, row, count) };
}

async function change({ params, body, services }: Call, act: "pause" | "resume"): Promise<RouteResponse> {
  const row = await services.engine.schedules[act](idOf(params), byOf(services.actor, body));
  return { status: 200, body: await scheduleDetail(services.engine, row) };
}

async function runNow({ params, body, services }: Call): Promise<RouteResponse> {
  const { store, engine, actor } = services;
  const { run } = await engine.schedules.runNow(idOf(params), byOf(actor, body));
  return {
    status: 201,
    body: await detailView(services, await findRun(store, run)),
    headers: { location: `/api/runs/${run}` },
  };
}

async function backfill({ params, body, services }: Call): Promise<RouteResponse> {
  const { schedules } = services.engine;
  const { from, to, dryRun = false, ...asked } = body as BackfillBody;
  const row = await schedules.get(idOf(params));
  const range = { from, dryRun, ...(to === undefined ? {} : { to }) };
  const { schedule, items } = await schedules.backfill(idOf(params), range, byOf(services.actor, asked));
  const answer: Backfill = { schedule, dryRun, items: items.map((item) => backfillView(row, item)) };
  return { status: 200, body: answer };
}

function idOf(params: Call["params"]): string {
  return params["id"] ?? "";
}

function byOf(actor: string, body: unknown): By {
  return { actor, why: (body as { reason?: string }).reason ?? null };
}
