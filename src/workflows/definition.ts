import type { RetryPolicy } from "../kernel/decide/retry.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { Context } from "./context.ts";
import { checkName, defaultRetry, type RetryOptions, retryPolicy } from "./options.ts";
import type { Schema } from "./schema.ts";

/** What starts a workflow by itself. */
export interface EventTrigger {
  readonly kind: "event";
  readonly event: string;
}

/** Triggers, for the `on` of a definition. */
export const on = {
  /** Each event of this name starts a run with the event's data as its input. */
  event: (name: string): EventTrigger => ({ kind: "event", event: checkName(name, "an event's name") }),
};

export interface WorkflowOptions<RawInput, Input, Output> {
  name: string;
  /** Raise it when the steps change: runs finish on the version that they started with. Default 1. */
  version?: number;
  on?: EventTrigger | readonly EventTrigger[];
  input?: Schema<RawInput, Input>;
  output?: Schema<unknown, Output>;
  /** The business key: shown, searched, one timeline for all that belongs to it. */
  key?: (input: Input) => string;
  /** What every step of this workflow does unless it says otherwise. */
  retry?: RetryOptions;
  /** Bytes of one input or output; 1 MiB by default, 16 MiB at most. */
  payloadMax?: number;
}

/** A workflow as it is registered. Making one runs nothing. */
export interface Workflow<RawInput = unknown, Input = RawInput, Output = unknown> {
  readonly kind: "workflow";
  readonly name: string;
  readonly version: number;
  readonly triggers: readonly EventTrigger[];
  readonly inputSchema: Schema<RawInput, Input> | null;
  readonly outputSchema: Schema<unknown, Output> | null;
  readonly key: ((input: Input) => string) | null;
  readonly retry: RetryPolicy;
  readonly payloadMax: number;
  readonly run: (ctx: Context, input: Input) => Promise<Output> | Output;
}

/** Any workflow, whatever it takes and gives. */
// biome-ignore lint/suspicious/noExplicitAny: the only type that every instance of a generic in both directions fits
export type AnyWorkflow = Workflow<any, any, any>;

/**
 * Describes a long process as a function of its context and input. With an `input` schema the code gets what the schema
 * gives; without one it gets what was passed to `start`, as JSON keeps it.
 */
export function workflow<RawInput, Input, Output>(
  options: WorkflowOptions<RawInput, Input, Output> & { input: Schema<RawInput, Input> },
  run: (ctx: Context, input: Input) => Promise<Output> | Output,
): Workflow<RawInput, Input, Output>;
export function workflow<Input = unknown, Output = unknown>(
  options: WorkflowOptions<Input, Input, Output> & { input?: never },
  run: (ctx: Context, input: Input) => Promise<Output> | Output,
): Workflow<Input, Input, Output>;
export function workflow<RawInput, Input, Output>(
  options: WorkflowOptions<RawInput, Input, Output>,
  run: (ctx: Context, input: Input) => Promise<Output> | Output,
): Workflow<RawInput, Input, Output> {
  const version = options.version ?? 1;
  if (!Number.isInteger(version) || version < 1)
    throw new BatonError("invalid-option", `version of ${options.name} must be a whole number of 1 or more`);
  const payloadMax = options.payloadMax ?? defaults.payloadMax;
  if (!(payloadMax > 0 && payloadMax <= defaults.payloadHardMax)) {
    throw new BatonError(
      "invalid-option",
      `payloadMax of ${options.name} must lie between 1 and ${defaults.payloadHardMax}`,
    );
  }
  return {
    kind: "workflow",
    name: checkName(options.name, "a workflow's name"),
    version,
    triggers: options.on === undefined ? [] : [options.on].flat(),
    inputSchema: options.input ?? null,
    outputSchema: options.output ?? null,
    key: options.key ?? null,
    retry: retryPolicy(options.retry, defaultRetry),
    payloadMax,
    run,
  };
}

export function isWorkflow(value: unknown): value is AnyWorkflow {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    value.kind === "workflow" &&
    "run" in value &&
    typeof value.run === "function"
  );
}
