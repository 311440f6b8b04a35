import type { Duration } from "../../stdx/duration.ts";
import type { DefinitionRef } from "../model/run.ts";
import type { ScheduleSpec } from "../model/schedule.ts";
import type { StartRun } from "../model/start-run.ts";
import type { Activation } from "./activation.ts";

/** What a layer registers for one version of one definition. The kernel knows nothing of the layer behind it. */
export interface Handler {
  readonly definition: DefinitionRef;
  readonly payloadMax: number;
  /** What a failure does: keeps the completed steps, so that the run can be resumed, or undoes them. */
  readonly onFailure: "keep" | "compensate";
  /** Paths of its input that are sealed at rest, or all of it; null: none. */
  readonly sensitive?: readonly string[] | true | null;
  /** Runs the code from its beginning. The activation answers recorded operations from the history. */
  execute(run: Activation, input: unknown): Promise<unknown>;
  /** Checks and converts an input. Throws a `BatonError` that names the place. A stored input is taken as it is. */
  prepare(input: unknown, options: StartOptions, form?: InputForm): Promise<Prepared>;
  /** Whether `prepare` runs code of the author for a new start, such as a schema or a key. Default true. */
  readonly preparesWithCode?: boolean;
  /** Describes the definition to people. */
  describe?(): HandlerAbout;
  /** Names of the events that start it. */
  readonly triggers: readonly string[];
  /** The schedules that start it. */
  readonly schedules?: readonly HandlerSchedule[];
}

/** A definition's description for people. */
export interface HandlerAbout {
  /** The source text of its code. */
  readonly source: string;
  /** JSON Schema 2020-12 of its input; null if it accepts anything or its schema has no such form. */
  readonly inputSchema: Readonly<Record<string, unknown>> | null;
  /** Null: the default queue. */
  readonly queue: string | null;
}

/** A schedule of a definition: its times, and the input of its runs. */
export interface HandlerSchedule {
  readonly name: string;
  readonly spec: ScheduleSpec;
  /** May throw: then this scheduled time is refused. */
  inputOf(firing: { readonly scheduledAt: Date; readonly nominalAt: Date; readonly schedule: string }): unknown;
}

/** `raw`: as a caller passes it. `stored`: as a run has it, after its schema and, in a batch, as a list. */
export type InputForm = "raw" | "stored";

export interface StartOptions {
  readonly idempotencyKey?: string;
  readonly key?: string;
  readonly at?: Date | number | string;
  readonly after?: Duration;
  /** Seconds by which the run is placed ahead of runs queued earlier, -600 to 600. */
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

/** The code that was looked for, or why it is unavailable here. */
export type Found = { readonly handler: Handler } | { readonly lack: string };
