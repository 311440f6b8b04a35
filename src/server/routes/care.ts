import { exportRun, readFixture } from "../../kernel/engine/fixtures.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { DoctorReport } from "../../wire/doctor.ts";
import type { EraseBody, ErasureView, StoreSizesView } from "../../wire/store.ts";
import type { Workers } from "../../wire/worker.ts";
import { findRun } from "../find-run.ts";
import type { Answer, Call, Route } from "../route.ts";
import { object, ref, type Schema, text } from "../schema/schema.ts";
import { detailView } from "../views/run.ts";
import { doctorView, sizesView, workersView } from "../views/store.ts";

const reason: Schema = text(1_000, "Kept in the audit.");
const flag = (description: string): Schema => ({ type: "boolean", description });
const report = { description: "What was found, worst first.", schema: ref("DoctorReport") };

/** What is done for a store rather than for a run. */
export const careRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/doctor",
    id: "examineStore",
    summary: "Proves the queue's invariant on the live store, and looks at its file and machine. Changes nothing.",
    scope: "store:read",
    query: object(
      { full: { enum: ["true", "false"], description: "Reads every page and every file." } },
      { optional: ["full"] },
    ),
    answers: { 200: report },
    handle: examine,
  },
  {
    method: "POST",
    path: "/api/doctor/repair",
    id: "repairStore",
    summary: "Mends what the examination says can be mended.",
    scope: "store:write",
    body: { schema: object({ reason }, { optional: ["reason"] }), isOptional: true, payloadMax: () => 0 },
    answers: { 200: report },
    handle: repair,
  },
  {
    method: "GET",
    path: "/api/db/stats",
    id: "storeSizes",
    summary: "What takes room, by workflow. Steps and bytes are estimated from samples; counts of runs are exact.",
    scope: "store:read",
    answers: { 200: { description: "Sizes, largest first.", schema: ref("StoreSizes") } },
    handle: sizes,
  },
  {
    method: "GET",
    path: "/api/workers",
    id: "listWorkers",
    summary: "Who works on this store: version, slots, queues, and when they were last seen.",
    scope: "store:read",
    answers: { 200: { description: "Longest there first.", schema: ref("Workers") } },
    handle: workers,
  },
  {
    method: "POST",
    path: "/api/erase",
    id: "eraseRuns",
    summary: "Removes runs at rest for good, by id or by business key, with everything of them.",
    scope: "store:write",
    body: {
      schema: object(
        {
          run: text(200),
          key: text(defaults.keyMax, "Every run of this business key."),
          reason,
          dryRun: flag("Says what would go, and removes nothing."),
          cancel: flag("Cancels runs that are not at rest, and waits until they are."),
          vacuum: flag("Writes the whole file anew afterwards; everything waits meanwhile. Default: when it is small."),
        },
        { optional: ["run", "key", "reason", "dryRun", "cancel", "vacuum"] },
      ),
      payloadMax: () => 0,
    },
    answers: { 200: { description: "What went, or would go.", schema: ref("Erasure") } },
    handle: erase,
  },
  {
    method: "GET",
    path: "/api/runs/{id}/export",
    id: "exportRun",
    summary: "The run with its whole history, to be replayed elsewhere.",
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
    summary: "Puts an exported run into this store, at rest. It never runs by itself.",
    scope: "runs:write",
    body: {
      schema: object({ fixture: { type: "object", additionalProperties: true }, reason }, { optional: ["reason"] }),
      payloadMax: () => importMax,
    },
    answers: { 201: { description: "The run as it is here.", schema: ref("RunDetail") } },
    handle: importFixture,
  },
];

/** Four values of the largest size, or a long history. */
const importMax = 4 * defaults.payloadHardMax;

async function examine({ query, services }: Call): Promise<Answer> {
  const { full } = query as { full?: string };
  return { status: 200, body: await reportOf(services, full === "true") };
}

async function repair({ body, services }: Call): Promise<Answer> {
  const { reason: why = null } = body as { reason?: string };
  const repairs = await services.engine.doctor.repair({ actor: services.actor, why });
  const after = await reportOf(services, false);
  return { status: 200, body: { ...after, repairs } };
}

async function reportOf({ engine, hostFacts, knownSchema }: Call["services"], full: boolean): Promise<DoctorReport> {
  const known = knownSchema === null ? {} : { knownSchema };
  return doctorView(await engine.doctor.examine({ full, host: hostFacts(), ...known }));
}

async function workers({ services }: Call): Promise<Answer> {
  const body: Workers = { items: workersView(await services.store.query("stats", {})) };
  return { status: 200, body };
}

async function sizes({ services }: Call): Promise<Answer> {
  const body: StoreSizesView = sizesView(await services.store.query("sizes", {}));
  return { status: 200, body };
}

async function erase({ body, services }: Call): Promise<Answer> {
  const { run, key, reason: why = null, ...options } = body as EraseBody;
  if ((run === undefined) === (key === undefined))
    throw new BatonError("invalid-option", "name either a run or a key", {
      hint: '{ "run": "run_…" } or { "key": "…" }',
    });
  const what = key === undefined ? { run: (await findRun(services.store, run ?? "")).row.id } : { key };
  const erased: ErasureView = await services.engine.erase(what, { actor: services.actor, why, ...options });
  return { status: 200, body: erased };
}

async function importFixture({ body, services }: Call): Promise<Answer> {
  const { fixture, reason: why = null } = body as { fixture: unknown; reason?: string };
  const { store, engine, actor } = services;
  const id = await engine.import(readFixture(fixture), { actor, why });
  return {
    status: 201,
    body: await detailView(services, await findRun(store, id)),
    headers: { location: `/api/runs/${id}` },
  };
}
