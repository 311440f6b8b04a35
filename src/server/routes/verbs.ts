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
import type { Answer, Call, Route } from "../route.ts";
import { anything, object, ref, type Schema, text } from "../schema/schema.ts";
import type { Services } from "../services.ts";
import { wholeText } from "../views/payload.ts";
import { detailView } from "../views/run.ts";

/** How long an answer waits for the holder of a run to do what it was asked. */
const effectMs = 2_000;

const fields: Readonly<Record<keyof VerbBody, Schema>> = {
  step: text(defaults.keyMax, "Key of the step; `complete-step` takes the one that stopped the run without it."),
  output: { ...anything, description: "What the step is taken to have given." },
  compensate: { type: "boolean", description: "Undoes what was done first." },
  stopClocks: { type: "boolean", description: "Timers stand still until the run is resumed." },
  input: { ...anything, description: "Edited input: of the step when it declares one, else of the run." },
  reason: text(1_000, "Kept in the audit."),
  dryRun: { type: "boolean", description: "Says what would happen and changes nothing." },
};

interface VerbSpec {
  readonly summary: string;
  readonly takes: readonly (keyof VerbBody)[];
  readonly needs?: readonly (keyof VerbBody)[];
}

const specs: Readonly<Record<Verb, VerbSpec>> = {
  resume: {
    summary: "Sets a failed or suspended run going again from the step that stopped it; what was done is kept.",
    takes: ["input", "reason", "dryRun"],
  },
  restart: {
    summary: "Runs a step and all after it again; what came before is kept.",
    takes: ["step", "input", "reason", "dryRun"],
    needs: ["step"],
  },
  "complete-step": {
    summary: "Takes a step as done with the given output, and lets the run go on from there.",
    takes: ["step", "output", "reason", "dryRun"],
  },
  compensate: {
    summary: "Undoes what a failed or suspended run has done, newest first.",
    takes: ["reason", "dryRun"],
  },
  dismiss: { summary: "Takes a dead letter off the list: nobody will mend it.", takes: ["reason", "dryRun"] },
  retry: { summary: "Makes the next attempt now instead of after its back-off.", takes: ["reason", "dryRun"] },
  cancel: {
    summary: "Ends a run for good. What it has done stays done, unless `compensate` asks for its undoing.",
    takes: ["compensate", "reason", "dryRun"],
  },
  suspend: {
    summary: "Halts a run until somebody resumes it. Its timers go on, unless `stopClocks` halts them too.",
    takes: ["stopClocks", "reason", "dryRun"],
  },
  rerun: {
    summary: "Starts a new run with the same or an edited input. The old one stays as it is.",
    takes: ["input", "reason", "dryRun"],
  },
};

const revealRoute: Route = {
  method: "POST",
  path: "/api/runs/{id}/reveal",
  id: "revealValue",
  summary: "Shows one sensitive value in clear. Who asked for it and why is in the audit before it answers.",
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
        description: "The run after it, or with `dryRun` what would happen.",
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

async function intervene({ params, body, request, services }: Call, verb: KernelVerb): Promise<Answer> {
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

async function reveal({ params, body, services }: Call): Promise<Answer> {
  const { step, field, reason } = body as RevealBody;
  if ((step === undefined) === (field === undefined)) {
    throw new BatonError("invalid-request", "name a step, or the field input or output", {
      details: { issues: [{ path: "step", message: "or field must be given, and not both" }] },
    });
  }
  const run = await findRun(services.store, params["id"] ?? "");
  const what = step === undefined ? (field ?? "output") : { step };
  const value = await services.engine.reveal(run.row.id, what, { actor: services.actor, why: reason ?? null });
  return { status: 200, body: { run: run.row.id, value }, headers: { "cache-control": "no-store" } };
}

/** The verb with its edited input. An input that would become the run's own must pass the definition's schema first. */
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
      hint: "an edited input is checked against its schema, so the definition must be loaded",
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

async function rerun({ params, body, services }: Call): Promise<Answer> {
  const { store, engine, actor } = services;
  const { dryRun = false, ...asked } = body as VerbBody;
  const old = await findRun(store, params["id"] ?? "");
  const { row } = old;
  if (!isAtRest(row.status)) {
    throw new BatonError("illegal", `run ${row.id} is ${row.status}: it cannot be run again beside itself`, {
      hint: "rerun is for runs that have ended; cancel it first",
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
  // A key that was given at the start stays; with an edited input the definition makes its own.
  const key = row.key === null || "input" in asked ? {} : { key: row.key };
  const origin = { by: actor, rerunOf: row.id };
  const audit = { runId: row.id, actor, verb: "rerun", why: asked.reason ?? null };
  const started = await engine.startRun(row.definition.name, input, key, origin, audit);
  return {
    status: 201,
    body: await detailView(services, await findRun(store, started.id)),
    headers: { location: `/api/runs/${started.id}` },
  };
}
