import type { BulkRequest } from "../../kernel/model/bulk.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { type BulkBody, bulkVerbs } from "../../wire/bulk.ts";
import { runStatuses } from "../../wire/status.ts";
import { decodeToken, pageOf } from "../page-token.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { pageOf as pageSchema } from "../schema/components.ts";
import { list, object, ref, text, timestamp, whole } from "../schema/schema.ts";
import { bulkView } from "../views/bulk.ts";
import { limitOf, type Paging, paging } from "./paging.ts";

const filterFields = {
  fingerprint: text(200, "Dead letters with this error fingerprint."),
  name: text(defaults.nameMax, "Name of the workflow."),
  status: { enum: runStatuses },
  key: text(defaults.keyMax, "Business key."),
  createdFrom: timestamp,
  createdTo: timestamp,
};

const bodyFields = {
  verb: { enum: bulkVerbs },
  filter: object(filterFields, {
    optional: Object.keys(filterFields),
    description:
      "Selects the runs; all conditions must hold. The selection is made once, when the operation is accepted.",
  }),
  canary: list(
    { ...whole, minimum: 1 },
    "Sizes of the first groups of runs; the operation continues only if no run of a group fails again.",
  ),
  rate: { type: "number", description: "Runs per second." } as const,
  compensate: { type: "boolean", description: "Of a cancel: runs the compensations first." } as const,
  stopClocks: { type: "boolean", description: "Of a suspend: pauses timers." } as const,
  reason: text(1_000, "Written to the audit log."),
  dryRun: { type: "boolean", description: "Returns how many runs match, without changing anything." } as const,
  id: text(100, "A repeated request with the same id returns the same operation; use it to retry safely."),
};

export const bulkRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/bulk",
    id: "startBulk",
    summary: "Applies a recovery action to many runs, in the background and across restarts.",
    scope: "runs:write",
    body: {
      schema: object(bodyFields, {
        optional: Object.keys(bodyFields).filter((name) => name !== "verb" && name !== "filter"),
      }),
      payloadMax: () => defaults.inlineMax,
    },
    answers: {
      200: { description: "With `dryRun`: the number of matching runs.", schema: ref("BulkPreview") },
      202: { description: "Accepted.", schema: ref("Bulk") },
    },
    handle: start,
  },
  {
    method: "GET",
    path: "/api/bulk",
    id: "listBulks",
    summary: "Lists bulk operations, newest first.",
    scope: "runs:read",
    query: object(paging, { optional: ["limit", "pageToken"] }),
    answers: { 200: { description: "One page.", schema: pageSchema("Bulk") } },
    handle: listAll,
  },
  {
    method: "GET",
    path: "/api/bulk/{id}",
    id: "getBulk",
    summary: "Returns a bulk operation with its progress.",
    scope: "runs:read",
    answers: { 200: { description: "The bulk operation.", schema: ref("Bulk") } },
    handle: show,
  },
  {
    method: "POST",
    path: "/api/bulk/{id}/stop",
    id: "stopBulk",
    summary: "Stops a bulk operation. Runs already processed are not reverted.",
    scope: "runs:write",
    body: {
      schema: object({ reason: bodyFields.reason }, { optional: ["reason"] }),
      isOptional: true,
      payloadMax: () => defaults.inlineMax,
    },
    answers: { 200: { description: "The bulk operation after the change.", schema: ref("Bulk") } },
    handle: stop,
  },
];

async function start({ body, services }: Call): Promise<RouteResponse> {
  const { dryRun = false, reason, id, ...asked } = body as BulkBody;
  const request = requestOf(asked);
  if (dryRun) {
    const { total, sample } = await services.store.query("bulkMatch", request);
    return { status: 200, body: { dryRun: true, verb: asked.verb, total, sample } };
  }
  const row = await services.engine.startBulk(request, { actor: services.actor, why: reason ?? null }, id);
  return { status: 202, body: bulkView(row), headers: { location: `/api/bulk/${row.id}` } };
}

function requestOf({ verb, filter, canary, rate, compensate, stopClocks }: BulkBody): BulkRequest {
  const { createdFrom, createdTo, ...rest } = filter;
  return {
    verb,
    canary: canary ?? [],
    ratePerS: rate ?? null,
    filter: {
      ...rest,
      ...(createdFrom === undefined ? {} : { createdFrom: Date.parse(createdFrom) }),
      ...(createdTo === undefined ? {} : { createdTo: Date.parse(createdTo) }),
    },
    ...(compensate === true ? { isCompensated: true } : {}),
    ...(stopClocks === true ? { stopsClocks: true } : {}),
  };
}

async function listAll({ query, services }: Call): Promise<RouteResponse> {
  const limit = limitOf(query as Paging);
  const before = decodeToken("bulk", (query as Paging).pageToken);
  const rows = await services.store.query("bulks", { before, limit: limit + 1 });
  return { status: 200, body: pageOf("bulk", rows, limit, (row) => row.no, bulkView) };
}

async function show({ params, services }: Call): Promise<RouteResponse> {
  const id = params["id"] ?? "";
  const row = await services.store.query("bulk", { id });
  if (row === null)
    throw new BatonError("not-found", `no bulk operation ${id}`, { hint: "list bulk operations with: baton bulk" });
  return { status: 200, body: bulkView(row) };
}

async function stop({ params, body, services }: Call): Promise<RouteResponse> {
  const { reason } = body as { reason?: string };
  const row = await services.engine.stopBulk(params["id"] ?? "", { actor: services.actor, why: reason ?? null });
  return { status: 200, body: bulkView(row) };
}
