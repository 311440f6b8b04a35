import type { BulkRequest } from "../../kernel/model/bulk.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { type BulkBody, bulkVerbs } from "../../wire/bulk.ts";
import { runStatuses } from "../../wire/status.ts";
import { decodeToken, pageOf } from "../page-token.ts";
import type { Answer, Call, Route } from "../route.ts";
import { pageOf as pageSchema } from "../schema/components.ts";
import { list, moment, object, ref, text, whole } from "../schema/schema.ts";
import { bulkView } from "../views/bulk.ts";
import { limitOf, type Paging, paging } from "./parts.ts";

const filterFields = {
  fingerprint: text(200, "Dead letters of one cause."),
  name: text(defaults.nameMax, "Of the definition."),
  status: { enum: runStatuses },
  key: text(defaults.keyMax, "Business key."),
  createdFrom: moment,
  createdTo: moment,
};

const bodyFields = {
  verb: { enum: bulkVerbs },
  filter: object(filterFields, {
    optional: Object.keys(filterFields),
    description: "Which runs it is for: all that is given must hold. They are chosen once, when the act is accepted.",
  }),
  canary: list(
    { ...whole, minimum: 1 },
    "So many runs first, then so many more; it goes on only when none of them has failed again.",
  ),
  rate: { type: "number", description: "Runs a second." } as const,
  compensate: { type: "boolean", description: "Of a cancel: undoes what was done first." } as const,
  stopClocks: { type: "boolean", description: "Of a suspend: timers stand still." } as const,
  reason: text(1_000, "Kept in the audit."),
  dryRun: { type: "boolean", description: "Says how many match and changes nothing." } as const,
  id: text(100, "The same id is the same act: for a caller who got no answer."),
};

export const bulkRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/api/bulk",
    id: "startBulk",
    summary: "Asks a verb of many runs at once; it is carried out in the background, also over restarts.",
    scope: "runs:write",
    body: {
      schema: object(bodyFields, {
        optional: Object.keys(bodyFields).filter((name) => name !== "verb" && name !== "filter"),
      }),
      payloadMax: () => defaults.inlineMax,
    },
    answers: {
      200: { description: "With `dryRun`: how many match.", schema: ref("BulkPreview") },
      202: { description: "Accepted.", schema: ref("Bulk") },
    },
    handle: start,
  },
  {
    method: "GET",
    path: "/api/bulk",
    id: "listBulks",
    summary: "Bulk acts, newest first.",
    scope: "runs:read",
    query: object(paging, { optional: ["limit", "pageToken"] }),
    answers: { 200: { description: "One page.", schema: pageSchema("Bulk") } },
    handle: listAll,
  },
  {
    method: "GET",
    path: "/api/bulk/{id}",
    id: "getBulk",
    summary: "A bulk act with its progress.",
    scope: "runs:read",
    answers: { 200: { description: "The act.", schema: ref("Bulk") } },
    handle: show,
  },
  {
    method: "POST",
    path: "/api/bulk/{id}/stop",
    id: "stopBulk",
    summary: "Stops a bulk act. What it has done stays done.",
    scope: "runs:write",
    body: {
      schema: object({ reason: bodyFields.reason }, { optional: ["reason"] }),
      isOptional: true,
      payloadMax: () => defaults.inlineMax,
    },
    answers: { 200: { description: "The act after it.", schema: ref("Bulk") } },
    handle: stop,
  },
];

async function start({ body, services }: Call): Promise<Answer> {
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

async function listAll({ query, services }: Call): Promise<Answer> {
  const limit = limitOf(query as Paging);
  const before = decodeToken("bulk", (query as Paging).pageToken);
  const rows = await services.store.query("bulks", { before, limit: limit + 1 });
  return { status: 200, body: pageOf("bulk", rows, limit, (row) => row.no, bulkView) };
}

async function show({ params, services }: Call): Promise<Answer> {
  const id = params["id"] ?? "";
  const row = await services.store.query("bulk", { id });
  if (row === null) throw new BatonError("not-found", `there is no bulk act ${id}`, { hint: "baton bulk lists them" });
  return { status: 200, body: bulkView(row) };
}

async function stop({ params, body, services }: Call): Promise<Answer> {
  const { reason } = body as { reason?: string };
  const row = await services.engine.stopBulk(params["id"] ?? "", { actor: services.actor, why: reason ?? null });
  return { status: 200, body: bulkView(row) };
}
