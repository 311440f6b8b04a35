import type { StartOptions } from "../../kernel/engine/handler.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { maskText } from "../../kernel/model/sealed.ts";
import { isAtRest } from "../../kernel/model/status.ts";
import { parseDuration } from "../../stdx/duration.ts";
import type { RunResult } from "../../wire/run.ts";
import type { StartBody } from "../../wire/start.ts";
import { exportRuns } from "../export/runs.ts";
import { findRun } from "../find-run.ts";
import { lastAtRest } from "../follow.ts";
import { decodeToken, pageOf } from "../page-token.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { pageOf as pageSchema } from "../schema/components.ts";
import { object, ref, list as rowsOf, type Schema, text, timestamp, whole } from "../schema/schema.ts";
import type { Services } from "../services.ts";
import { historyView } from "../views/history.ts";
import { logView } from "../views/log.ts";
import { payloadView, wholeText } from "../views/payload.ts";
import { detailView, stepPage, summaryView } from "../views/run.ts";
import { hourMs, iso } from "../views/time.ts";
import { limitOf, type Paging, paging } from "./paging.ts";
import { type FilterQuery, filterFields, filterOf } from "./run-filter.ts";

/** Longest time that a request for a result is held open. */
const waitMaxMs = 60_000;

const found = { description: "The run.", schema: ref("RunDetail") };
const duration: Schema = { type: "string", format: "duration" };

const { status: _status, ...facetFields } = filterFields;

export const runRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/runs",
    id: "startRun",
    summary: "Starts a run. The run is durable before the response is sent.",
    scope: "runs:write",
    body: { schema: ref("StartBody"), payloadMax: largestPayload },
    answers: {
      201: { ...found, description: "The new run." },
      200: { ...found, description: "The run that was already started with this idempotency key and input." },
    },
    handle: start,
  },
  {
    method: "GET",
    path: "/api/runs",
    id: "listRuns",
    summary: "Lists runs, newest first.",
    scope: "runs:read",
    query: object(
      {
        ...filterFields,
        ids: text(8_000, `Comma-separated full ids, at most ${defaults.pageMax}. Unknown ids are left out.`),
        ...paging,
      },
      { optional: [...Object.keys(filterFields), "ids", "limit", "pageToken"] },
    ),
    answers: { 200: { description: "One page.", schema: pageSchema("RunSummary") } },
    handle: list,
  },
  {
    method: "GET",
    path: "/api/runs/count",
    id: "countMatches",
    summary:
      "Counts matching runs: exact for filters by workflow, version, status, fingerprint and whole hours, otherwise exact up to 10,000.",
    scope: "runs:read",
    query: object(filterFields, { optional: Object.keys(filterFields) }),
    answers: { 200: { description: "The count.", schema: ref("MatchCount") } },
    handle: count,
  },
  {
    method: "GET",
    path: "/api/runs/facets",
    id: "countFacets",
    summary: "Counts matching runs by status: exact for filters by workflow and version, otherwise exact up to 10,000.",
    scope: "runs:read",
    query: object(facetFields, { optional: Object.keys(facetFields) }),
    answers: { 200: { description: "All statuses.", schema: ref("Facets") } },
    handle: facets,
  },
  {
    method: "GET",
    path: "/api/runs/export",
    id: "exportRuns",
    summary: "Exports matching runs, newest first: CSV (RFC 4180) or one JSON object per line; at most 100,000.",
    scope: "runs:read",
    query: object(
      { ...filterFields, format: { type: "string", enum: ["csv", "ndjson"] } },
      { optional: Object.keys(filterFields) },
    ),
    answers: {
      200: { description: "The file. The header x-baton-rows-max has the row limit.", type: "text/csv" },
    },
    handle: ({ request, query, services }) => {
      const { format = "csv", ...filter } = query as FilterQuery & { format?: "csv" | "ndjson" };
      return exportRuns(services, filterOf(filter), format, request.method === "HEAD");
    },
  },
  {
    method: "GET",
    path: "/api/hours",
    id: "countHours",
    summary: "Counts runs started and ended per hour, by workflow, version and status.",
    scope: "runs:read",
    query: object({ from: timestamp, to: timestamp, name: filterFields.name }, { optional: ["from", "to", "name"] }),
    answers: { 200: { description: "One row per hour, version and status.", schema: rowsOf(ref("HourCount")) } },
    handle: hours,
  },
  {
    method: "GET",
    path: "/api/runs/{id}",
    id: "getRun",
    summary: "Returns a run. A unique prefix of the id is enough; `latest` is the newest run.",
    scope: "runs:read",
    answers: { 200: found },
    handle: async ({ params, services }) => ({
      status: 200,
      body: await detailView(services, await findRun(services.store, params["id"] ?? "")),
    }),
  },
  {
    method: "GET",
    path: "/api/runs/{id}/steps",
    id: "listSteps",
    summary: "Lists the steps of a run, in the order of their results.",
    scope: "runs:read",
    query: object(
      {
        after: { ...whole, minimum: 0, description: "Starts after this position in the history; replaces pageToken." },
        ...paging,
      },
      { optional: ["after", "limit", "pageToken"] },
    ),
    answers: { 200: { description: "One page.", schema: pageSchema("Step") } },
    handle: async ({ params, query, services }) => {
      const run = await findRun(services.store, params["id"] ?? "");
      const after = decodeToken("steps", (query as Paging).pageToken) ?? (query as { after?: number }).after ?? null;
      return { status: 200, body: await stepPage(services.store, run, after, limitOf(query as Paging)) };
    },
  },
  {
    method: "GET",
    path: "/api/runs/{id}/events",
    id: "listHistory",
    summary: "Lists the history of a run besides its steps: start, actions by people and the engine, end.",
    scope: "runs:read",
    answers: { 200: { description: "The whole history.", schema: pageSchema("HistoryEntry") } },
    handle: async ({ params, services }) => {
      const run = await findRun(services.store, params["id"] ?? "");
      return { status: 200, body: { items: await historyView(services.store, run), nextPageToken: null } };
    },
  },
  {
    method: "GET",
    path: "/api/runs/{id}/logs",
    id: "listLogs",
    summary: "Lists the log lines of a run, oldest first.",
    scope: "runs:read",
    query: object(paging, { optional: ["limit", "pageToken"] }),
    answers: { 200: { description: "One page.", schema: pageSchema("LogEntry") } },
    handle: logs,
  },
  {
    method: "GET",
    path: "/api/runs/{id}/payloads/{slot}",
    id: "getPayload",
    summary: "Returns a whole value: input, output, step:<n> or step-input:<n>.",
    scope: "runs:read",
    answers: { 200: { description: "The value." } },
    handle: payload,
  },
  {
    method: "GET",
    path: "/api/runs/{id}/result",
    id: "getResult",
    summary: "Returns how a run ended. With `wait`, the response is delayed until the run ends, up to that duration.",
    scope: "runs:read",
    query: object({ wait: { ...duration, description: "At most 60s." } }, { optional: ["wait"] }),
    answers: {
      200: { description: "The run has ended.", schema: ref("RunResult") },
      202: { description: "The run has not ended yet.", schema: ref("RunResult") },
    },
    handle: result,
  },
];

/** The name of the workflow, and so its limit, is inside the body. */
function largestPayload({ engine }: Services): number {
  return Math.max(defaults.payloadMax, ...engine.handlers.map((handler) => handler.payloadMax));
}

async function start({ request, body, services }: Call): Promise<RouteResponse> {
  const { name, input, ...asked } = body as StartBody;
  const { store, engine, actor } = services;
  const started = await engine.startRun(name, input, startOptions(asked, request), { by: actor });
  const run = await findRun(store, started.id);
  return {
    status: started.isCreated ? 201 : 200,
    body: await detailView(services, run),
    headers: { location: `/api/runs/${run.row.id}` },
  };
}

function startOptions(asked: Omit<StartBody, "name" | "input">, request: Request): StartOptions {
  const header = request.headers
    .get("idempotency-key")
    ?.trim()
    .replace(/^"(.*)"$/, "$1");
  const { idempotencyKey = header } = asked;
  if (header !== undefined && idempotencyKey !== header) {
    throw new BatonError("invalid-request", "the header Idempotency-Key and the body have different keys", {
      hint: "send only one of them",
      details: { issues: [{ path: "idempotencyKey", message: "differs from the header Idempotency-Key" }] },
    });
  }
  return { ...asked, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
}

async function list({ query, services }: Call): Promise<RouteResponse> {
  const { ids, ...page } = query as Paging & { ids?: string };
  const limit = limitOf(page);
  const rows = await services.store.query("runs", {
    ...filterOf(query as FilterQuery),
    ...(ids === undefined ? {} : { ids: ids.split(",").slice(0, defaults.pageMax) }),
    before: decodeToken("runs", page.pageToken),
    limit: limit + 1,
  });
  return { status: 200, body: pageOf("runs", rows, limit, (row) => row.no, summaryView) };
}

async function count({ query, services }: Call): Promise<RouteResponse> {
  const body = await services.store.query("count", { ...filterOf(query as FilterQuery), before: null, limit: 1 });
  return { status: 200, body };
}

async function facets({ query, services }: Call): Promise<RouteResponse> {
  const filter = { ...filterOf(query as FilterQuery), before: null, limit: 1 };
  return { status: 200, body: { items: await services.store.query("facets", filter) } };
}

/** Default: the last day, including the current hour. */
async function hours({ query, services }: Call): Promise<RouteResponse> {
  const { from, to, name } = query as { from?: string; to?: string; name?: string };
  const end = to === undefined ? (await services.store.query("stats", {})).now : Date.parse(to);
  const toHour = Math.ceil((end + 1) / hourMs);
  const rows = await services.store.query("hours", {
    from: from === undefined ? toHour - 24 : Math.floor(Date.parse(from) / hourMs),
    to: toHour,
    ...(name === undefined ? {} : { definition: name }),
  });
  const body = rows.map(({ definition, status, hour, count: n }) => ({
    name: definition.name,
    version: definition.version,
    status,
    hour: iso(hour * hourMs),
    count: n,
  }));
  return { status: 200, body };
}

async function logs({ params, query, services }: Call): Promise<RouteResponse> {
  const run = await findRun(services.store, params["id"] ?? "");
  const limit = limitOf(query as Paging);
  const after = decodeToken("logs", (query as Paging).pageToken) ?? 0;
  const rows = await services.store.query("logs", { run: run.row.no, after, limit: limit + 1 });
  return { status: 200, body: pageOf("logs", rows, limit, (row) => row.no, logView) };
}

async function payload({ params, services }: Call): Promise<Response> {
  const run = await findRun(services.store, params["id"] ?? "");
  const part = params["slot"] ?? "";
  const text = await wholeText(services.store, run.row.no, part, await storedIn(services, run.row.no, run, part));
  return new Response(maskText(text ?? "null"), { headers: { "content-type": "application/json" } });
}

/** The stored form of a part: the value itself, or the mark of a large one. */
async function storedIn(
  { store }: Services,
  no: number,
  run: { input: string | null; output: string | null },
  part: string,
): Promise<string | null> {
  if (part === "input") return run.input;
  if (part === "output") return run.output;
  const step = /^(step|step-input):(\d{1,9})$/.exec(part);
  const seq = Number(step?.[2]);
  const [entry] = step === null ? [] : await store.query("steps", { run: no, after: seq - 1, limit: 1 });
  if (entry === undefined || entry.seq !== seq) {
    throw new BatonError("not-found", `the run has no value ${JSON.stringify(part.slice(0, 40))}`, {
      hint: "use the href of a truncated value",
    });
  }
  return step?.[1] === "step" ? entry.value : entry.input;
}

async function result({ params, query, request, services }: Call): Promise<RouteResponse> {
  const { store } = services;
  const wait = parseDuration((query as { wait?: string }).wait ?? 0);
  if (wait > waitMaxMs) {
    throw new BatonError("invalid-request", `wait is at most ${waitMaxMs / 1000}s`, {
      hint: "repeat the request while the status is 202",
      details: { issues: [{ path: "wait", message: `must be at most ${waitMaxMs / 1000}s` }] },
    });
  }
  const run = await lastAtRest(services, await findRun(store, params["id"] ?? ""), wait, request.signal);
  const { id, no, status, error } = run.row;
  const output = await payloadView(store, no, "output", run.output, `/api/runs/${id}/payloads/output`);
  const body: RunResult = { id, status, output, error };
  return { status: isAtRest(status) ? 200 : 202, body };
}
