import type { RetryPolicy } from "../kernel/decide/retry.ts";
import type { HandlerSchedule } from "../kernel/engine/handler.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import type { Context } from "./context.ts";
import { type BatchOptions, type FlowOf, type FlowOptions, readFlow } from "./flow.ts";
import { checkName, defaultRetry, type RetryOptions, retryPolicy } from "./options.ts";
import { nameSchedules, type ScheduleOptions, type ScheduleTrigger, scheduleTrigger } from "./schedule.ts";
import type { Schema } from "./schema.ts";

/** What starts a workflow by itself. */
export interface EventTrigger {
  readonly kind: "event";
  readonly event: string;
}

export type Trigger = EventTrigger | ScheduleTrigger;

/** Triggers, for the `on` of a definition. */
export const on = {
  /** Each event of this name starts a run with the event's data as its input. */
  event: (name: string): EventTrigger => ({ kind: "event", event: checkName(name, "an event's name") }),
  /** Starts a run at each of its nominal times: by cron and zone, by an interval, or once. */
  schedule: (options: ScheduleOptions): ScheduleTrigger => scheduleTrigger(options),
};

export interface WorkflowOptions<RawInput, Input, Output> extends FlowOptions<Input> {
  name: string;
  /** Raise it when the steps change: runs finish on the version that they started with. Default 1. */
  version?: number;
  on?: Trigger | readonly Trigger[];
  input?: Schema<RawInput, Input>;
  output?: Schema<unknown, Output>;
  /** The business key: shown, searched, one timeline for all that belongs to it. */
  key?: (input: Input) => string;
  /** What a failure does: `keep` (default) leaves what was done, so that the run resumes; `compensate` undoes it. */
  onFailure?: "keep" | "compensate";
  /** Paths of the input, such as `["password", "card.number"]`, that are sealed at rest and masked; true: all of it. */
  sensitive?: readonly string[] | true;
  /** The lane that its runs stand in: workers that are told which queues they serve take no others. Default `default`. */
  queue?: string;
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
  readonly schedules: readonly HandlerSchedule[];
  readonly inputSchema: Schema<RawInput, Input> | null;
  readonly outputSchema: Schema<unknown, Output> | null;
  readonly key: ((input: Input) => string) | null;
  readonly onFailure: "keep" | "compensate";
  readonly sensitive: readonly string[] | true | null;
  readonly retry: RetryPolicy;
  readonly queue: string | null;
  readonly payloadMax: number;
  /** Limits and gatherings of its starts; null when it has none. */
  readonly flow: FlowOf<Input> | null;
  readonly priority: ((input: Input) => number) | null;
  /** Its code gets a list of inputs. */
  readonly isBatch: boolean;
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

/** A sealed input belongs to one run: it cannot be gathered with others. */
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
