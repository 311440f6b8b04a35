import type { Payload } from "./payload.ts";
import type { RunError } from "./run-error.ts";
import type { AttemptStatus, StepStatus } from "./status.ts";

/** What kind of thing a run's code asked for. */
export const stepKinds = [
  "step",
  "once",
  "tx",
  "sleep",
  "event",
  "child",
  "start",
  "emit",
  "race",
  "attributes",
  "pivot",
  "undo",
] as const;
export type StepKind = (typeof stepKinds)[number];

/** A named unit of a run with its kept result. */
export interface Step {
  /** As its author named it. */
  readonly name: string;
  /** Unique in the run: the name with its branch or item, numbered from its second time on. */
  readonly key: string;
  readonly kind: StepKind;
  readonly status: StepStatus;
  /** The declared input, if the step declares one. */
  readonly input: Payload;
  readonly output: Payload;
  readonly error: RunError | null;
  readonly attempts: readonly Attempt[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Of a long attempt under way, as far as it tells. */
  readonly progress?: Progress;
}

export interface Progress {
  /** In [0, 1]. */
  readonly share: number | null;
  readonly note: string | null;
}

/** One try of a step. */
export interface Attempt {
  readonly number: number;
  /** How often the run had been set going again by a person when this was tried. */
  readonly round: number;
  readonly status: AttemptStatus;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: RunError | null;
}
