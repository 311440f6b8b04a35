import type { Duration } from "../../stdx/duration.ts";
import type { DefinitionRef } from "../model/run.ts";
import type { ScheduleSpec } from "../model/schedule.ts";
import type { StartRun } from "../model/start-run.ts";
import type { Activation } from "./activation.ts";

/** What a layer registers for one version of one definition. The kernel knows nothing of what lies behind. */
export interface Handler {
  readonly definition: DefinitionRef;
  readonly payloadMax: number;
  /** What a failure does: keeps what was done, so that the run can be resumed, or undoes it. */
  readonly onFailure: "keep" | "compensate";
  /** Paths of its input that are sealed at rest, or all of it; null: none. */
  readonly sensitive?: readonly string[] | true | null;
  /** Runs the code from its beginning; the activation answers what is recorded. */
  execute(run: Activation, input: unknown): Promise<unknown>;
  /** Checks an input and makes it the run's own; throws a `BatonError` that names the place. */
  prepare(input: unknown, options: StartOptions): Promise<Prepared>;
  /** What people are told of it. */
  describe?(): HandlerAbout;
  /** Event names that start it. */
  readonly triggers: readonly string[];
  /** What starts it by the clock. */
  readonly schedules?: readonly HandlerSchedule[];
}

/** What a layer tells people of a definition. */
export interface HandlerAbout {
  /** The text of its code. */
  readonly source: string;
  /** JSON Schema 2020-12 of its input; null: it takes anything, or its schema cannot say. */
  readonly inputSchema: Readonly<Record<string, unknown>> | null;
  /** Null: the default one. */
  readonly queue: string | null;
}

/** A schedule as a definition has it: its times, and what its runs get. */
export interface HandlerSchedule {
  readonly name: string;
  readonly spec: ScheduleSpec;
  /** May fail as any code may: then that nominal time is refused. */
  inputOf(firing: { readonly scheduledAt: Date; readonly nominalAt: Date; readonly schedule: string }): unknown;
}

export interface StartOptions {
  readonly idempotencyKey?: string;
  readonly key?: string;
  readonly at?: Date | number | string;
  readonly after?: Duration;
  /** Seconds by which it goes before others, at most 600; negative lets others pass. */
  readonly priority?: number;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** The part of a start that depends on the definition. */
export type Prepared = Pick<
  StartRun,
  | "definition"
  | "input"
  | "inputHash"
  | "key"
  | "idempotencyKey"
  | "priorityMs"
  | "attributes"
  | "queue"
  | "at"
  | "delayMs"
  | "flow"
  | "queue"
>;

/** Code that was looked for: found, or why it is not to be had here. */
export type Found = { readonly handler: Handler } | { readonly lack: string };
