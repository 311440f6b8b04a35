import { exportRun, readFixture } from "../../kernel/engine/fixtures.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { DoctorReport } from "../../wire/doctor.ts";
import type { EraseBody, ErasureView, StoreSizesView } from "../../wire/store.ts";
import type { Workers } from "../../wire/worker.ts";
import { findRun } from "../find-run.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { object, ref, type Schema, text } from "../schema/schema.ts";
import { detailView } from "../views/run.ts";
import { doctorView, sizesView, workersView } from "../views/store.ts";

const reason: Schema = text(1_000, "Written to the audit log.");
const flag = (description: string): Schema => ({ type: "boolean", description });
const report = { description: "The findings, worst first.", schema: ref("DoctorReport") };

/** Operations on the store rather than on a run. */
export const careRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/doctor",
    id: "examineStore",
    summary: "Checks the invariants of the live store, its file and its machine. Changes nothing.",
    scope: "store:read",
    query: object(
      { full: { enum: ["true", "false"], description: "Also reads every page and every file." } },
      { optional: ["full"] },
    ),
    answers: { 200: report },
    handle: examine,
  },
  {
    method: "POST",
    path: "/api/doctor/repair",
    id: "repairStore",
    summary: "Repairs the findings that can be repaired.",
    scope: "store:write",
    body: { schema: object({ reason }, { optional: ["reason"] }), isOptional: true, payloadMax: () => 0 },
    answers: { 200: report },
    handle: repair,
  },
  {
    method: "GET",
    path: "/api/db/stats",
    id: "storeSizes",
    summary: "Returns storage use by workflow. Steps and bytes are estimated from samples; counts of runs are exact.",
    scope: "store:read",
    answers: { 200: { description: "Sizes, largest first.", schema: ref("StoreSizes") } },
    handle: sizes,
  },
  {
    method: "GET",
    path: "/api/workers",
    id: "listWorkers",
    summary: "Lists the workers of this store with version, slots, queues and when they were last seen.",
    scope: "store:read",
    answers: { 200: { description: "Longest running first.", schema: ref("Workers") } },
    handle: workers,
  },
  {
    method: "POST",
    path: "/api/erase",
    id: "eraseRuns",
    summary: "Permanently removes ended runs with all their data, by id or by business key.",
    scope: "store:write",
    body: {
      schema: object(
        {
          run: text(200),
          key: text(defaults.keyMax, "All runs with this business key."),
          reason,
          dryRun: flag("Returns what would be removed, without removing anything."),
          cancel: flag("First cancels runs that have not ended, and waits for them."),
          vacuum: flag(
            "Rewrites the whole file afterwards, which blocks the store. Default: only if the file is small.",
          ),
        },
        { optional: ["run", "key", "reason", "dryRun", "cancel", "vacuum"] },
      ),
      payloadMax: () => 0,
    },
    answers: { 200: { description: "What was removed, or would be.", schema: ref("Erasure") } },
    handle: erase,
  },
  {
    method: "GET",
    path: "/api/runs/{id}/export",
    id: "exportRun",
    summary: "Exports a run with its whole history, to replay it elsewhere.",
    scope: "runs:read",
    answers: { 200: { description: "The run.", schema: ref("RunFixture") } },
    handle: async ({ params, services }) => {
      const { row } = await findRun(services.store, params["id"] ?? "");
      return { status: 200, body: await exportRun(services.store, row.id) };
    },
  },
  {
    method: "POST",
    path: "/api/imports",
    id: "importRun",
    summary: "Imports an exported run as an ended run. It never executes by itself.",
    scope: "runs:write",
    body: {
      schema: object({ fixture: { type: "object", additionalProperties: true }, reason }, { optional: ["reason"] }),
      payloadMax: () => importMax,
    },
    answers: { 201: { description: "The imported run.", schema: ref("RunDetail") } },
    handle: importFixture,
  },
];

/** Four values of the maximum size, or a long history. */
const importMax = 4 * defaults.payloadHardMax;

async function examine({ query, services }: Call): Promise<RouteResponse> {
  const { full } = query as { full?: string };
  return { status: 200, body: await reportOf(services, full === "true") };
}

async function repair({ body, services }: Call): Promise<RouteResponse> {
  const { reason: why = null } = body as { reason?: string };
  const repairs = await services.engine.doctor.repair({ actor: services.actor, why });
  const after = await reportOf(services, false);
  return { status: 200, body: { ...after, repairs } };
}

async function reportOf({ engine, hostFacts, knownSchema }: Call["services"], full: boolean): Promise<DoctorReport> {
  const known = knownSchema === null ? {} : { knownSchema };
  return doctorView(await engine.doctor.examine({ full, host: hostFacts(), ...known }));
}

async function workers({ services }: Call): Promise<RouteResponse> {
  const body: Workers = { items: workersView(await services.store.query("stats", {})) };
  return { status: 200, body };
}

async function sizes({ services }: Call): Promise<RouteResponse> {
  const body: StoreSizesView = sizesView(await services.store.query("sizes", {}));
  return { status: 200, body };
}

async function erase({ body, services }: Call): Promise<RouteResponse> {
  const { run, key, reason: why = null, ...options } = body as EraseBody;
  if ((run === undefined) === (key === undefined))
    throw new BatonError("invalid-option", "give either a run or a key", {
      hint: '{ "run": "run_…" } or { "key": "…" }',
    });
  const what = key === undefined ? { run: (await findRun(services.store, run ?? "")).row.id } : { key };
  const erased: ErasureView = await services.engine.erase(what, { actor: services.actor, why, ...options });
  return { status: 200, body: erased };
}

async function importFixture({ body, services }: Call): Promise<RouteResponse> {
  const { fixture, reason: why = null } = body as { fixture: unknown; reason?: string };
  const { store, engine, actor } = services;
  const id = await engine.import(readFixture(fixture), { actor, why });
  return {
    status: 201,
    body: await detailView(services, await findRun(store, id)),
    headers: { location: `/api/runs/${id}` },
  };
}
