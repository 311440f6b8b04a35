import type { DeadLetterGroup } from "./dead-letter.ts";
import type { RunStatus } from "./status.ts";

/** The subject of a verdict, so that a client can link to it. */
export type Target =
  | { readonly to: "runs"; readonly name?: string; readonly status?: RunStatus; readonly key?: string }
  | { readonly to: "run"; readonly id: string }
  | { readonly to: "error"; readonly fingerprint: string }
  | { readonly to: "dead-letters" | "workflows" | "schedules" | "events" | "workers" | "store" };

/** One aspect of the system's health: a sentence with its cause and the next action. */
export interface Verdict {
  readonly id: "workflows" | "execution" | "freshness";
  readonly level: "ok" | "warn" | "bad";
  /** For example "2 workflows are failing more than usual". */
  readonly text: string;
  /** The cause, or the evidence that all is well. */
  readonly why: string | null;
  readonly next: { readonly label: string; readonly target: Target } | null;
}

/** A run that has waited longer than usual for its kind. */
export interface LongWait {
  readonly id: string;
  readonly name: string;
  readonly key: string | null;
  readonly reasonText: string | null;
  readonly since: string;
}

/** `GET /api/home`: built from counters and small pages only, so its cost does not depend on the number of runs. */
export interface Home {
  readonly verdicts: readonly Verdict[];
  /** Runs that need a person. */
  readonly needsYou: { readonly deadLetters: number; readonly suspended: number };
  /** Errors first seen in the last 24 h, newest first, at most 5. */
  readonly newErrors: readonly DeadLetterGroup[];
  /** Longest first, at most 5. */
  readonly longWaits: readonly LongWait[];
  /** The last 24 hours, oldest first, including hours without runs. */
  readonly hours: readonly HourTotal[];
  /** All runs of any status; 0 if nothing has been started yet. */
  readonly runs: number;
}

/** Sum over all workflows. */
export interface HourTotal {
  readonly hour: string;
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}
