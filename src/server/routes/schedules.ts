import type { By } from "../../kernel/engine/schedules.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { ScheduleRow } from "../../kernel/model/schedule.ts";
import type { Backfill, BackfillBody } from "../../wire/schedule.ts";
import { findRun } from "../find-run.ts";
import { decodeToken, pageOf } from "../page-token.ts";
import type { Answer, BodySpec, Call, Route } from "../route.ts";
import { pageOf as pageSchema } from "../schema/components.ts";
import { moment, object, ref, type Schema, text, whole } from "../schema/schema.ts";
import { detailView } from "../views/run.ts";
import { backfillView, scheduleDetail, scheduleSummary } from "../views/schedule.ts";
import { limitOf, type Paging, paging } from "./parts.ts";

const reason: Schema = text(1_000, "Kept in the audit.");
const next: Schema = { ...whole, minimum: 1, maximum: 100, default: 5, description: "Nominal times to come." };
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
    summary: "Schedules with their next nominal times and what became of the last one.",
    scope: "schedules:read",
    query: object({ workflow: text(200), next, ...paging }, { optional: ["workflow", "next", "limit", "pageToken"] }),
    answers: { 200: { description: "One page.", schema: pageSchema("ScheduleSummary") } },
    handle: list,
  },
  {
    method: "GET",
    path: "/api/schedules/{id}",
    id: "getSchedule",
    summary: "One schedule with its last fires. The id is workflow/name, its slash as %2F; a workflow alone will do.",
    scope: "schedules:read",
    query: object({ next }, { optional: ["next"] }),
    answers: { 200: { description: "The schedule.", schema: ref("ScheduleDetail") } },
    handle: show,
  },
  {
    method: "POST",
    path: "/api/schedules/{id}/pause",
    id: "pauseSchedule",
    summary: "Lets its nominal times pass without runs until it is resumed.",
    scope: "schedules:write",
    body: reasonBody,
    answers: { 200: { description: "The schedule after it.", schema: ref("ScheduleDetail") } },
    handle: (call) => change(call, "pause"),
  },
  {
    method: "POST",
    path: "/api/schedules/{id}/resume",
    id: "resumeSchedule",
    summary: "Fires its nominal times again from now on; those of the pause are not made up for.",
    scope: "schedules:write",
    body: reasonBody,
    answers: { 200: { description: "The schedule after it.", schema: ref("ScheduleDetail") } },
    handle: (call) => change(call, "resume"),
  },
  {
    method: "POST",
    path: "/api/schedules/{id}/run-now",
    id: "runSchedule",
    summary: "Starts a run outside of its nominal times.",
    scope: "schedules:write",
    body: reasonBody,
    answers: { 201: { description: "The new run.", schema: ref("RunDetail") } },
    handle: runNow,
  },
  {
    method: "POST",
    path: "/api/schedules/{id}/backfill",
    id: "backfillSchedule",
    summary: `Fires the nominal times of a stretch of the past that have no run, up to ${defaults.schedule.backfillMax}.`,
    scope: "schedules:write",
    body: {
      schema: object(
        {
          from: moment,
          to: { ...moment, description: "Default now." },
          dryRun: { type: "boolean", description: "Lists them and starts nothing." },
          reason,
        },
        { optional: ["to", "dryRun", "reason"] },
      ),
      payloadMax: () => 0,
    },
    answers: { 200: { description: "Each nominal time with its run.", schema: ref("Backfill") } },
    handle: backfill,
  },
];

async function list({ query, services }: Call): Promise<Answer> {
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

async function show({ params, query, services }: Call): Promise<Answer> {
  const { next: count } = query as { next?: number };
  const row = await services.engine.schedules.get(idOf(params));
  return { status: 200, body: await scheduleDetail(services.engine, row, count) };
}

async function change({ params, body, services }: Call, act: "pause" | "resume"): Promise<Answer> {
  const row = await services.engine.schedules[act](idOf(params), byOf(services.actor, body));
  return { status: 200, body: await scheduleDetail(services.engine, row) };
}

async function runNow({ params, body, services }: Call): Promise<Answer> {
  const { store, engine, actor } = services;
  const { run } = await engine.schedules.runNow(idOf(params), byOf(actor, body));
  return {
    status: 201,
    body: await detailView(services, await findRun(store, run)),
    headers: { location: `/api/runs/${run}` },
  };
}

async function backfill({ params, body, services }: Call): Promise<Answer> {
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
