import type { DeadLetterGroup } from "./dead-letter.ts";
import type { RunStatus } from "./status.ts";

/** What a verdict is about, for a client that leads there. */
export type Target =
  | { readonly to: "runs"; readonly name?: string; readonly status?: RunStatus; readonly key?: string }
  | { readonly to: "run"; readonly id: string }
  | { readonly to: "error"; readonly fingerprint: string }
  | { readonly to: "dead-letters" | "workflows" | "schedules" | "events" | "workers" | "store" };

/** One question answered in a sentence, with its cause and the next move. */
export interface Verdict {
  readonly id: "workflows" | "execution" | "freshness";
  readonly level: "ok" | "warn" | "bad";
  /** Such as "2 workflows fail more than usual". */
  readonly text: string;
  /** The cause, or what makes it sure that all is well. */
  readonly why: string | null;
  readonly next: { readonly label: string; readonly target: Target } | null;
}

/** A run that has waited longer than runs of its kind do. */
export interface LongWait {
  readonly id: string;
  readonly name: string;
  readonly key: string | null;
  readonly reasonText: string | null;
  readonly since: string;
}

/** `GET /api/home`: made of counters and small pages alone, so it costs the same with any number of runs. */
export interface Home {
  readonly verdicts: readonly Verdict[];
  /** What only a person can set going again. */
  readonly needsYou: { readonly deadLetters: number; readonly suspended: number };
  /** Causes that were first seen in the last 24 h, newest first, at most 5. */
  readonly newErrors: readonly DeadLetterGroup[];
  /** Longest first, at most 5. */
  readonly longWaits: readonly LongWait[];
  /** The last 24 hours, oldest first, also those without any run. */
  readonly hours: readonly HourTotal[];
  /** Runs of any status, ever: none means that nothing was started yet. */
  readonly runs: number;
}

/** All workflows together. */
export interface HourTotal {
  readonly hour: string;
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}
