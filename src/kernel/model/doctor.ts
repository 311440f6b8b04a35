import type { Audit } from "./audit.ts";
import type { RestStatus, RunStatus } from "./status.ts";

export type FindingLevel = "ok" | "warn" | "bad";

/** One result of the doctor's checks. `code` is stable. */
export interface Finding {
  readonly level: FindingLevel;
  readonly code: string;
  readonly what: string;
  /** Affected ids, names or paths, at most ten; `count` is the total. */
  readonly where: readonly string[];
  readonly count: number;
  readonly todo: string | null;
  /** The repair that fixes it, if there is one. */
  readonly repair: RepairCode | null;
}

/** What can be wrong with the rows of runs, slot queues, schedules and counters. */
export const violationCodes = [
  "not-queued",
  "queued-at-rest",
  "ready-without-time",
  "leased-by-nobody",
  "held-and-idle",
  "nothing-wakes-it",
  "wakes-too-late",
  "parked-over-unread",
  "works-without-slot",
  "slot-of-idle",
  "in-line-and-working",
  "free-slot-in-line",
  "failed-and-forgotten",
  "dead-letter-of-none",
  "recorded-twice",
  "waits-for-none",
  "call-untold",
  "miscounted",
  "miscounted-hour",
  "miscounted-cause",
  "schedule-without-timer",
  "schedule-waits-twice",
] as const;
export type ViolationCode = (typeof violationCodes)[number];

export interface InvariantViolation {
  /** A run's id, or another id that the problem names. */
  readonly id: string;
  readonly problem: string;
  readonly code: ViolationCode;
}

/** What each repair does, as shown before it is carried out. In the order in which they are done. */
export const repairs = {
  requeue: "adds open runs to the queue, and removes ended runs from it",
  "free-leases": "makes runs ready whose worker is gone",
  "take-slots-back": "releases concurrency slots and queue entries of runs that should not have them",
  "hand-out-slots": "gives free concurrency slots to the first runs in their queues",
  "wake-parked": "wakes parked runs that have no valid timer; their code registers its waits again",
  "mend-dead-letters": "makes the dead letters match the failed runs",
  "set-timers": "evaluates schedules that have no timer",
  recount: "corrects the counters of runs, hours and error groups",
} as const;
export type RepairCode = keyof typeof repairs;
export const repairCodes = Object.keys(repairs) as readonly RepairCode[];

/**
 * A wrong counter: `delta` is what must be added. It stays the same while runs continue, because they change both sides
 * alike.
 */
export type CounterDrift =
  | {
      readonly of: "runs";
      readonly definition: number;
      readonly status: RunStatus;
      readonly delta: number;
      readonly counted: number;
    }
  | {
      readonly of: "hours";
      readonly definition: number;
      readonly status: "started" | RestStatus;
      readonly hour: number;
      readonly delta: number;
      readonly counted: number;
    }
  | { readonly of: "causes"; readonly fingerprint: string; readonly delta: number; readonly counted: number };

/** One repair. The store checks each target again: what is correct by then is left unchanged. */
export interface RepairTransition {
  readonly kind: "repair";
  /** The same id is the same repair and is done only once. */
  readonly id: string;
  readonly repair: RepairCode;
  /** Ids of runs or schedules. */
  readonly targets: readonly string[];
  readonly drifts: readonly CounterDrift[];
  readonly audit: Audit;
}

export type RepairOutcome = { readonly ok: true; readonly at: number; readonly mended: number };

/** What the store reports about its own health, without anything that needs a scan of all rows. */
export interface Checkup {
  /** Store time. */
  readonly now: number;
  /** The last store time that was saved. */
  readonly savedAt: number;
  readonly bytes: number;
  readonly walBytes: number;
  readonly sqlite: string;
  readonly integrity: { readonly how: "quick" | "full" | "skipped"; readonly problems: readonly string[] };
  readonly oldestReady: { readonly id: string; readonly readyAt: number } | null;
  readonly workers: readonly {
    readonly name: string;
    readonly expiresAt: number;
    readonly isDead: boolean;
    readonly held: number;
  }[];
  readonly unserved: readonly { readonly definition: string; readonly version: number; readonly count: number }[];
  readonly deadLetters: { readonly count: number; readonly lastDay: number; readonly dayBefore: number };
  /** Bundled versions with runs in flight whose code is not in the store. */
  readonly lackingCode: readonly { readonly definition: string; readonly version: number; readonly runs: number }[];
  /** Ids of runs that have used half of their step limit. */
  readonly longHistories: readonly string[];
  readonly crowdedEvents: readonly string[];
  readonly unrouted: { readonly count: number; readonly oldestAt: number | null };
  /** Held events, newest first, at most 100; `count` counts up to 10,000. */
  readonly heldEvents: {
    readonly count: number;
    readonly newest: readonly { readonly no: number; readonly name: string }[];
  };
  readonly files: { readonly count: number; readonly bytes: number; readonly missing: readonly string[] };
}

/** The store's host, as far as it is known. */
export interface HostFacts {
  readonly node: string;
  readonly path: string;
  readonly fileSystem: { readonly name: string; readonly isRemote: boolean; readonly isFleeting: boolean } | null;
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null;
  /** Other processes that have the file open; null if this platform does not report them. */
  readonly openers: readonly { readonly pid: number; readonly command: string }[] | null;
  readonly owner: { readonly pid: number; readonly isAlive: boolean } | null;
  /** The machine's clock. */
  readonly wall: number;
  /** How far the clock was set since this process started, ms. */
  readonly clockJumpMs: number;
}
