import type { Verb as KernelVerb, Preview, VerbRequest } from "../../kernel/decide/verb.ts";
import { encodePayload } from "../../kernel/engine/payload.ts";
import type { RunDetail } from "../../kernel/model/detail.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { isAtRest } from "../../kernel/model/status.ts";
import { decode } from "../../stdx/json.ts";
import { type RevealBody, type Verb, type VerbBody, type VerbPreview, verbs } from "../../wire/verb.ts";
import { findRun } from "../find-run.ts";
import { runWhen } from "../follow.ts";
import type { Call, Route, RouteResponse } from "../route.ts";
import { anything, object, ref, type Schema, text } from "../schema/schema.ts";
import type { Services } from "../services.ts";
import { wholeText } from "../views/payload.ts";
import { detailView } from "../views/run.ts";

/** How long a response waits for the holder of a run to perform the action. */
const effectMs = 2_000;

const fields: Readonly<Record<keyof VerbBody, Schema>> = {
  step: text(defaults.keyMax, "Key of the step. Default for `complete-step`: the step that stopped the run."),
  output: { ...anything, description: "Output to record for the step." },
  compensate: { type: "boolean", description: "Runs the compensations first." },
  stopClocks: { type: "boolean", description: "Pauses timers until the run is resumed." },
  input: { ...anything, description: "Edited input: of the step if it declares one, otherwise of the run." },
  reason: text(1_000, "Written to the audit log."),
  dryRun: { type: "boolean", description: "Returns what would happen, without changing anything." },
};

interface VerbSpec {
  readonly summary: string;
  readonly takes: readonly (keyof VerbBody)[];
  readonly needs?: readonly (keyof VerbBody)[];
}

const specs: Readonly<Record<Verb, VerbSpec>> = {
  resume: {
    summary: "Continues a failed or suspended run from the step that stopped it; completed steps are kept.",
    takes: ["input", "reason", "dryRun"],
  },
  restart: {
    summary: "Runs a step and everything after it again; earlier results are kept.",
    takes: ["step", "input", "reason", "dryRun"],
    needs: ["step"],
  },
  "complete-step": {
    summary: "Records the given output for a step and continues the run after it.",
    takes: ["step", "output", "reason", "dryRun"],
  },
  compensate: {
    summary: "Runs the compensations of a failed or suspended run, newest first.",
    takes: ["reason", "dryRun"],
  },
  dismiss: { summary: "Removes a run from the dead letters without fixing it.", takes: ["reason", "dryRun"] },
  retry: { summary: "Makes the next attempt now instead of after its backoff.", takes: ["reason", "dryRun"] },
  cancel: {
    summary: "Cancels a run. Completed steps are compensated only with `compensate`.",
    takes: ["compensate", "reason", "dryRun"],
  },
  suspend: {
    summary: "Suspends a run until it is resumed. Its timers keep running unless `stopClocks` pauses them.",
    takes: ["stopClocks", "reason", "dryRun"],
  },
  rerun: {
    summary: "Starts a new run with the same or edited input. The old run is unchanged.",
    takes: ["input", "reason", "dryRun"],
  },
};

const revealRoute: Route = {
  method: "POST",
  path: "/api/runs/{id}/reveal",
  id: "revealValue",
  summary: "Returns one sensitive value in plain text. The access is written to the audit log first.",
  scope: "secrets:write",
  body: {
    schema: object(
      { step: fields.step, field: { enum: ["input", "output"] }, reason: fields.reason },
      { optional: ["step", "field", "reason"] },
    ),
    payloadMax: () => defaults.inlineMax,
  },
  answers: { 200: { description: "The value.", schema: object({ run: text(100), value: anything }) } },
  handle: reveal,
};

export const verbRoutes: readonly Route[] = [...verbs.map(verbRoute), revealRoute];

function verbRoute(verb: Verb): Route {
  return {
    method: "POST",
    path: `/api/runs/{id}/${verb}`,
    id: `${verb}Run`,
    summary: specs[verb].summary,
    scope: "runs:write",
    body: { schema: bodySchema(specs[verb]), isOptional: true, payloadMax: () => defaults.payloadHardMax },
    answers: {
      200: {
        description: "The run after the action, or with `dryRun` what would happen.",
        schema: { anyOf: [ref("RunDetail"), ref("VerbPreview")] },
      },
      ...(verb === "rerun" ? { 201: { description: "The new run.", schema: ref("RunDetail") } } : {}),
    },
    handle: verb === "rerun" ? rerun : (call) => intervene(call, verb),
  };
}

function bodySchema({ takes, needs = [] }: VerbSpec): Schema {
  const known = Object.fromEntries(takes.map((field) => [field, fields[field]]));
  return object(known, { optional: takes.filter((field) => !needs.includes(field)) });
}

async function intervene({ params, body, request, services }: Call, verb: KernelVerb): Promise<RouteResponse> {
  const { store, engine } = services;
  const { dryRun = false, ...asked } = body as VerbBody;
  const run = await findRun(store, params["id"] ?? "");
  const order = await checkedRequest(services, run, verb, asked);
  const { preview, isHeld } = await engine.intervene(run.row.id, order, { dryRun });
  if (dryRun) return { status: 200, body: previewView(run, verb, preview) };
  const after = await findRun(store, run.row.id);
  const isDone = (seen: RunDetail): boolean =>
    isAtRest(seen.row.status) || (verb === "suspend" && seen.row.status === "suspended");
  const waits = isHeld && (verb === "cancel" || verb === "suspend");
  const shown = waits ? await runWhen(services, after, isDone, effectMs, request.signal) : after;
  return { status: 200, body: await detailView(services, shown) };
}

function previewView(run: RunDetail, verb: Verb, preview: Preview): VerbPreview {
  return { dryRun: true, run: run.row.id, verb, status: run.row.status, ...preview };
}

async function reveal({ params, body, services }: Call): Promise<RouteResponse> {
  const { step, field, reason } = body as RevealBody;
  if ((step === undefined) === (field === undefined)) {
    throw new BatonError("invalid-request", "give a step, or the field input or output", {
      details: { issues: [{ path: "step", message: "or field is required, but not both" }] },
    });
  }
  const run = await findRun(services.store, params["id"] ?? "");
  const what = step === undefined ? (field ?? "output") : { step };
  const value = await services.engine.reveal(run.row.id, what, { actor: services.actor, why: reason ?? null });
  return { status: 200, body: { run: run.row.id, value }, headers: { "cache-control": "no-store" } };
}

/** The action with its edited input. Input that becomes the run's input must match the schema first. */
async function checkedRequest(
  { engine, actor }: Services,
  run: RunDetail,
  verb: KernelVerb,
  asked: Omit<VerbBody, "dryRun">,
): Promise<VerbRequest> {
  const base: VerbRequest = {
    verb,
    actor,
    why: asked.reason ?? null,
    ...(asked.step === undefined ? {} : { step: asked.step }),
    ...("output" in asked ? { output: encodePayload(asked.output, "output", defaults.payloadMax) ?? "null" } : {}),
    ...(asked.compensate === true ? { isCompensated: true } : {}),
    ...(asked.stopClocks === true ? { stopsClocks: true } : {}),
  };
  if (!("input" in asked)) return base;
  const { definition } = run.row;
  const found = await engine.find(definition);
  if ("lack" in found) {
    throw new BatonError("unknown-definition", `${definition.name} version ${definition.version}: ${found.lack}`, {
      hint: "edited input is validated against the schema, so the definition must be loaded",
    });
  }
  const { handler } = found;
  const input = encodePayload(asked.input, "input", handler.payloadMax) ?? "null";
  const decision = await engine.decide(run, { ...base, input });
  const isOfRun =
    decision.ok && decision.transition.idle.to === "ready" && decision.transition.idle.input !== undefined;
  if (!isOfRun) return { ...base, input };
  const prepared = await handler.prepare(asked.input, {});
  return { ...base, input: prepared.input ?? "null" };
}

async function rerun({ params, body, services }: Call): Promise<RouteResponse> {
  const { store, engine, actor } = services;
  const { dryRun = false, ...asked } = body as VerbBody;
  const old = await findRun(store, params["id"] ?? "");
  const { row } = old;
  if (!isAtRest(row.status)) {
    throw new BatonError("illegal", `run ${row.id} is ${row.status}: it cannot run again while it is open`, {
      hint: "rerun works on ended runs; cancel this one first",
      details: { status: row.status },
    });
  }
  if (dryRun) {
    const steps = old.entries.filter((entry) => entry.kind !== "reopen").map((entry) => entry.key);
    const once = old.entries.filter((entry) => entry.kind === "once").map((entry) => entry.key);
    const preview = { runsAgain: [...new Set(steps)], kept: [], undone: [], notIdempotent: once };
    return { status: 200, body: previewView(old, "rerun", preview) };
  }
  const input =
    "input" in asked
      ? asked.input
      : decode(engine.clearInput(row.id, await wholeText(store, row.no, "input", old.input)));
  // A key that was set at the start is kept. With an edited input, the workflow derives a new one.
  const key = row.key === null || "input" in asked ? {} : { key: row.key };
  const origin = { by: actor, rerunOf: row.id };
  const audit = { runId: row.id, actor, verb: "rerun", why: asked.reason ?? null };
  const form = "input" in asked ? "raw" : "stored";
  const started = await engine.startRun(row.definition.name, input, key, origin, { audit, form });
  return {
    status: 201,
    body: await detailView(services, await findRun(store, started.id)),
    headers: { location: `/api/runs/${started.id}` },
  };
}
