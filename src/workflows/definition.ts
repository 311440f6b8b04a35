import type { RetryPolicy } from "../kernel/decide/retry.ts";
import type { HandlerSchedule } from "../kernel/engine/handler.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { Context } from "./context.ts";
import { type BatchOptions, type FlowOf, type FlowOptions, readFlow } from "./flow.ts";
import { checkName, defaultRetry, type RetryOptions, retryPolicy } from "./options.ts";
import { nameSchedules, type ScheduleOptions, type ScheduleTrigger, scheduleTrigger } from "./schedule.ts";
import type { Schema } from "./schema.ts";

/** Starts a workflow on an event. */
export interface EventTrigger {
  readonly kind: "event";
  readonly event: string;
}

export type Trigger = EventTrigger | ScheduleTrigger;

/** Triggers for the `on` option of a workflow. */
export const on = {
  /** Each event of this name starts a run with the event's data as its input. */
  event: (name: string): EventTrigger => ({ kind: "event", event: checkName(name, "an event's name") }),
  /** Starts a run at each scheduled time: by cron and zone, by an interval, or once. */
  schedule: (options: ScheduleOptions): ScheduleTrigger => scheduleTrigger(options),
};

export interface WorkflowOptions<RawInput, Input, Output> extends FlowOptions<Input> {
  name: string;
  /** Raise it when the steps change: runs finish on the version that they started with. Default 1. */
  version?: number;
  on?: Trigger | readonly Trigger[];
  input?: Schema<RawInput, Input>;
  output?: Schema<unknown, Output>;
  /** The business key: shown, searchable, and one timeline for everything that belongs to it. */
  key?: (input: Input) => string;
  /**
   * What a failure does: `keep` (default) keeps completed steps, so that the run can be resumed; `compensate` undoes
   * them.
   */
  onFailure?: "keep" | "compensate";
  /**
   * Paths of the input that are sealed at rest and masked, such as `["password", "card.number"]`; true: the whole
   * input.
   */
  sensitive?: readonly string[] | true;
  /** The queue of its runs. Workers that are limited to certain queues take only runs of those. Default `default`. */
  queue?: string;
  /** The retry policy of every step that does not set its own. */
  retry?: RetryOptions;
  /** Maximum bytes of one input or output. Default 1 MiB, at most 16 MiB. */
  payloadMax?: number;
}

/** A workflow, ready to register. Creating one runs nothing. */
export interface Workflow<RawInput = unknown, Input = RawInput, Output = unknown> {
  readonly kind: "workflow";
  readonly name: string;
  readonly version: number;
  readonly triggers: readonly EventTrigger[];
  readonly schedules: readonly HandlerSchedule[];
  readonly inputSchema: Schema<RawInput, Input> | null;
  readonly outputSchema: Schema<unknown, Output> | null;
  readonly key: ((input: Input) => string) | null;
  readonly onFailure: "keep" | "compensate";
  readonly sensitive: readonly string[] | true | null;
  readonly retry: RetryPolicy;
  readonly queue: string | null;
  readonly payloadMax: number;
  /** Limits, debounce and batch of its starts; null if it has none. */
  readonly flow: FlowOf<Input> | null;
  readonly priority: ((input: Input) => number) | null;
  /** Its code receives a list of inputs. */
  readonly isBatch: boolean;
  readonly run: (ctx: Context, input: Input) => Promise<Output> | Output;
}

/** Any workflow, whatever its input and output. */
// biome-ignore lint/suspicious/noExplicitAny: the only type that every instance of a generic in both directions fits
export type AnyWorkflow = Workflow<any, any, any>;

/**
 * Defines a long-running process as a function of its context and input. With an `input` schema the code receives the
 * schema's output; without one it receives what was passed to `start`, as stored in JSON.
 */
export function workflow<RawInput, Input, Output>(
  options: WorkflowOptions<RawInput, Input, Output> & { input: Schema<RawInput, Input>; batch: BatchOptions<Input> },
  run: (ctx: Context, inputs: Input[]) => Promise<Output> | Output,
): Workflow<RawInput, Input, Output>;
export function workflow<RawInput, Input, Output>(
  options: WorkflowOptions<RawInput, Input, Output> & { input: Schema<RawInput, Input>; batch?: never },
  run: (ctx: Context, input: Input) => Promise<Output> | Output,
): Workflow<RawInput, Input, Output>;
export function workflow<Input = unknown, Output = unknown>(
  options: WorkflowOptions<Input, Input, Output> & { input?: never; batch: BatchOptions<Input> },
  run: (ctx: Context, inputs: Input[]) => Promise<Output> | Output,
): Workflow<Input, Input, Output>;
export function workflow<Input = unknown, Output = unknown>(
  options: WorkflowOptions<Input, Input, Output> & { input?: never; batch?: never },
  run: (ctx: Context, input: Input) => Promise<Output> | Output,
): Workflow<Input, Input, Output>;
export function workflow<RawInput, Input, Output>(
  options: WorkflowOptions<RawInput, Input, Output> & { batch?: BatchOptions<Input> },
  run: (ctx: Context, input: never) => Promise<Output> | Output,
): Workflow<RawInput, Input, Output> {
  const version = options.version ?? 1;
  if (!Number.isInteger(version) || version < 1)
    throw new BatonError("invalid-option", `version of ${options.name} must be a whole number of 1 or more`);
  const payloadMax = options.payloadMax ?? defaults.payloadMax;
  if (!(payloadMax > 0 && payloadMax <= defaults.payloadHardMax)) {
    throw new BatonError(
      "invalid-option",
      `payloadMax of ${options.name} must be between 1 and ${defaults.payloadHardMax}`,
    );
  }
  const triggers: readonly Trigger[] = options.on === undefined ? [] : [options.on].flat();
  return {
    kind: "workflow",
    name: checkName(options.name, "a workflow's name"),
    version,
    triggers: triggers.filter((trigger) => trigger.kind === "event"),
    schedules: nameSchedules(
      triggers.filter((trigger) => trigger.kind === "schedule"),
      options.name,
    ),
    inputSchema: options.input ?? null,
    outputSchema: options.output ?? null,
    key: options.key ?? null,
    onFailure: options.onFailure ?? "keep",
    sensitive: sensitiveOf(options),
    retry: retryPolicy(options.retry, defaultRetry),
    queue: options.queue === undefined ? null : checkName(options.queue, "a queue's name"),
    payloadMax,
    flow: readFlow(options.name, options, payloadMax),
    priority: options.priority ?? null,
    isBatch: options.batch !== undefined,
    run: run as (ctx: Context, input: Input) => Promise<Output> | Output,
  };
}

/** A sealed input belongs to one run, so it cannot be debounced or batched. */
function sensitiveOf(options: {
  name: string;
  sensitive?: readonly string[] | true;
  debounce?: unknown;
  batch?: unknown;
}): readonly string[] | true | null {
  const { name, sensitive } = options;
  if (sensitive === undefined) return null;
  if (options.debounce !== undefined || options.batch !== undefined)
    throw new BatonError("invalid-option", `${name}: sensitive cannot be combined with debounce or batch`);
  if (sensitive !== true) for (const path of sensitive) checkName(path, `a sensitive path of ${name}`);
  return sensitive;
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
