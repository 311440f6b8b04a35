import type { Duration } from "../../stdx/duration.ts";
import type { DefinitionRef } from "../model/run.ts";
import type { StartRun } from "../model/transition.ts";
import type { Activation } from "./activation.ts";

/** What a layer registers for one version of one definition. The kernel knows nothing of what lies behind. */
export interface Handler {
  readonly definition: DefinitionRef;
  readonly payloadMax: number;
  /** Runs the code from its beginning; the activation answers what is recorded. */
  execute(run: Activation, input: unknown): Promise<unknown>;
  /** Checks an input and makes it the run's own; throws a `BatonError` that names the place. */
  prepare(input: unknown, options: StartOptions): Promise<Prepared>;
  /** Event names that start it. */
  readonly triggers: readonly string[];
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
  "definition" | "input" | "inputHash" | "key" | "idempotencyKey" | "priorityMs" | "attributes" | "at" | "delayMs"
>;
