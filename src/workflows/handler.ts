import type { Engine } from "../kernel/engine/engine.ts";
import type { Handler, HandlerAbout, InputForm, Prepared, StartOptions } from "../kernel/engine/handler.ts";
import { encodePayload } from "../kernel/engine/payload.ts";
import { BatonError } from "../kernel/model/errors.ts";
import type { Flow } from "../kernel/model/flow.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { DefinitionRef } from "../kernel/model/run.ts";
import { type Duration, parseDuration } from "../stdx/duration.ts";
import { hash53 } from "../stdx/hash.ts";
import { canonical } from "../stdx/json.ts";
import { parseTimestamp, timestampHint } from "../stdx/timestamp.ts";
import { type ContextEnvironment, RunContext } from "./context.ts";
import type { AnyWorkflow } from "./definition.ts";
import { checkName } from "./options.ts";
import { jsonSchemaOf, validate } from "./schema.ts";

/** Adapts a workflow to the kernel. */
export function workflowHandler(
  workflow: AnyWorkflow,
  engine: Pick<Engine, "prepareChild" | "prepareContinuation" | "compensateChild" | "sealInput" | "stepAround">,
): Handler {
  const env: ContextEnvironment = {
    stepAround: () => engine.stepAround(),
    prepareChild: (definition, input, options, by) =>
      engine.prepareChild(definition.name, input, options, { by: `run:${by}` }),
    sealInput: (run, input) => engine.sealInput(run, input),
    prepareContinuation: (run, input) => engine.prepareContinuation(run, input),
    compensateChild: (parent, key, signal) => engine.compensateChild(parent, key, signal),
  };
  // One object for all starts, so that each batch sends it to the store's thread only once.
  const definition = { kind: "workflow", name: workflow.name, version: workflow.version } as const;
  let about: HandlerAbout | null = null;
  return {
    definition,
    payloadMax: workflow.payloadMax,
    onFailure: workflow.onFailure,
    sensitive: workflow.sensitive,
    triggers: workflow.triggers.map((trigger) => trigger.event),
    schedules: workflow.schedules,
    execute: async (activation, input) => {
      const output: unknown = await workflow.run(
        new RunContext(activation, activation.root, workflow.retry, env),
        input,
      );
      return workflow.outputSchema === null ? output : validate(workflow.outputSchema, output, "output", workflow.name);
    },
    prepare: (input, options, form) => prepareStart(workflow, definition, input, options, form),
    preparesWithCode:
      workflow.inputSchema !== null || workflow.key !== null || workflow.flow !== null || workflow.priority !== null,
    describe: () => {
      about ??= {
        source: workflow.run.toString(),
        inputSchema: jsonSchemaOf(workflow.inputSchema),
        queue: workflow.queue,
      };
      return about;
    },
  };
}

/** The part of a start that depends on the workflow. Runs its schema, its key and its limits. */
export async function prepareStart(
  workflow: AnyWorkflow,
  definition: DefinitionRef,
  raw: unknown,
  options: StartOptions,
  form: InputForm = "raw",
): Promise<Prepared> {
  // A stored input has passed its schema, and a batch is a list already: neither may happen twice.
  const isStored = form === "stored";
  const passed: unknown =
    workflow.inputSchema === null || isStored ? raw : await validate(workflow.inputSchema, raw, "input", workflow.name);
  // The stored input of a run from before the workflow became a batch is no list yet.
  const isList = workflow.isBatch && isStored && Array.isArray(passed);
  const text = encodePayload(workflow.isBatch && !isList ? [passed] : passed, "input", workflow.payloadMax);
  // The options of a batch are functions of one input.
  const input: unknown = isList ? passed[0] : passed;
  const flow = isStored ? withoutCollecting(workflow.flow?.(input)) : workflow.flow?.(input);
  // Awaited because an author's function may be async: then its failure belongs to this start, not to the process.
  const key = options.key ?? (workflow.key === null ? null : await workflow.key(input)) ?? null;
  return {
    definition,
    input: text,
    // Compared only for starts with an idempotency key.
    inputHash: options.idempotencyKey === undefined ? "" : hash53(canonical(comparable(input, workflow.sensitive))),
    key: key === null ? null : checkName(key, "a business key", defaults.keyMax),
    idempotencyKey:
      options.idempotencyKey === undefined
        ? null
        : checkName(options.idempotencyKey, "an idempotency key", defaults.keyMax),
    ...(flow === undefined ? {} : { flow }),
    ...(workflow.queue === null ? {} : { queue: workflow.queue }),
    priorityMs: priorityOf(options.priority ?? workflow.priority?.(input)),
    attributes:
      options.attributes === undefined ? null : encodePayload(options.attributes, "attributes", defaults.inlineMax),
    ...timestampOf(options),
  };
}

/** A run with a stored input starts by itself: its starts were collected when they were made. */
function withoutCollecting(flow: Flow | undefined): Flow | undefined {
  if (flow === undefined) return undefined;
  const { batch: _batch, debounce: _debounce, ...rest } = flow;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

/** A stored hash could reveal a short secret, so sensitive parts are left out of it. */
function comparable(input: unknown, sensitive: AnyWorkflow["sensitive"]): unknown {
  if (sensitive === null || input === undefined) return input ?? null;
  if (sensitive === true) return null;
  const copy: unknown = structuredClone(input);
  for (const path of sensitive) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const owner = keys.reduce<unknown>(
      (at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      copy,
    );
    if (typeof owner === "object" && owner !== null) delete (owner as Record<string, unknown>)[last];
  }
  return copy;
}

function priorityOf(seconds = 0): number {
  const max = defaults.priorityShiftMaxMs / 1000;
  if (!(seconds >= -max && seconds <= max))
    throw new BatonError("invalid-option", `priority must be between -${max} and ${max} seconds, not ${seconds}`);
  return Math.round(seconds * 1000);
}

function delayOf(after: Duration): number {
  try {
    return parseDuration(after);
  } catch (cause) {
    throw new BatonError("invalid-option", `after: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function timestampOf(options: StartOptions): { at?: number } | { delayMs?: number } {
  if (options.at !== undefined && options.after !== undefined)
    throw new BatonError("invalid-option", "use at or after, not both");
  if (options.after !== undefined) return { delayMs: delayOf(options.after) };
  if (options.at === undefined) return {};
  const at = parseTimestamp(options.at);
  if (at === null)
    throw new BatonError("invalid-option", `at is not a valid timestamp: ${String(options.at)}`, {
      hint: timestampHint,
    });
  return { at };
}
