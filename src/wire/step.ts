import type { Payload } from "./payload.ts";
import type { RunError } from "./run-error.ts";
import type { AttemptStatus, StepStatus } from "./status.ts";

/** The kind of operation. */
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
  "cleanup",
  "undo",
] as const;
export type StepKind = (typeof stepKinds)[number];

/** A named unit of a run with its recorded result. */
export interface Step {
  /** The name in the code. */
  readonly name: string;
  /** Unique in the run: the name with its branch or item, numbered from the second use on. */
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
  /** Progress that a running attempt reported. */
  readonly progress?: Progress;
}

export interface Progress {
  /** In [0, 1]. */
  readonly share: number | null;
  readonly note: string | null;
}

/** One attempt of a step. */
export interface Attempt {
  readonly number: number;
  /** How many times the run had been resumed or restarted before this attempt. */
  readonly round: number;
  readonly status: AttemptStatus;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: RunError | null;
}
