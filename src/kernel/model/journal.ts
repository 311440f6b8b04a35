import type { ErrorRecord } from "./errors.ts";

/**
 * The operations of a run's code, each recorded under its key when it is settled. Two are the engine's own: `reopen`
 * voids earlier entries when a recovery action continues the run, and `undo` is the compensation of a completed step, or
 * a cleanup that was called. `cleanup` is the registration of one.
 */
export const entryKinds = [
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
  "reopen",
  "undo",
  "pivot",
  "cleanup",
] as const;
/** Prefix of the key under which a step's undo is recorded. A step's name must not start with it. */
export const undoPrefix = "undo:";

export function undoKeyOf(step: string): string {
  return `${undoPrefix}${step}`;
}

export type EntryKind = (typeof entryKinds)[number];

/**
 * `continued`: retries are used up and the code continues without a value. `abandoned`: the code ended before it was
 * settled.
 */
export type EntryOutcome = "ok" | "error" | "continued" | "abandoned";

/**
 * One settled operation of a run. `seq` is the run's only order: the code receives entries strictly by it, live and in
 * replay.
 */
export interface Entry {
  readonly seq: number;
  readonly key: string;
  readonly kind: EntryKind;
  readonly outcome: EntryOutcome;
  /** JSON text of the value, or of the `ErrorRecord`; null is `undefined`. */
  readonly value: string | null;
  /** JSON text of the declared input. */
  readonly input: string | null;
  /** Number of attempts; 1 if the first one succeeded. */
  readonly attempts: number;
  /** Duration of the last attempt. */
  readonly tookMs: number;
}

/** An entry as the store returns it: `at` is the store time of its commit. */
export interface RecordedEntry extends Entry {
  readonly at: number;
}

/** What a recovery action reopens: the value of a `reopen` entry. */
export interface Reopening {
  /** Entries of these keys are void: they run again. */
  readonly keys: readonly string[];
  /** All entries from this seq on are void (`restart`). Their waits receive the same events again. */
  readonly voidFrom?: number;
  /** The code may skip entries from this seq on, because what came before them has changed. */
  readonly optionalFrom?: number;
  /** Edited declared inputs by key, JSON text. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Outputs supplied by a person, by key, JSON text: recorded instead of running the operation. */
  readonly supplied?: Readonly<Record<string, string>>;
  /** The run continues after it was cleaned up: what its code registers is called again when it next stops. */
  readonly repeatsCleanups?: boolean;
}

export type AttemptOutcome = "failed" | "timed-out" | "lost" | "aborted";

/**
 * An attempt that did not succeed at once. A first attempt that succeeds leaves no record: its entry has everything.
 */
export interface AttemptRecord {
  readonly key: string;
  readonly number: number;
  /** Whether it counts against the retry budget: not if its process crashed or stopped. */
  readonly charged: boolean;
  readonly outcome: AttemptOutcome;
  readonly error: ErrorRecord | null;
  readonly tookMs: number;
  readonly round: number;
  readonly at: number;
}

/**
 * What a run waits for. `once` is the recorded intent of an at-most-once step; `hold` is a step that waits for a
 * person.
 */
export type WaitKind = "timer" | "event" | "child" | "retry" | "once" | "hold";

export interface Wait {
  readonly key: string;
  readonly kind: WaitKind;
  /** Store time; null if only the awaited thing ends it. */
  readonly dueAt: number | null;
  readonly since: number;
  /** Event name, child's run id or the last error's message: for people. */
  readonly name: string | null;
  /** JSON text of the event match. */
  readonly match: string | null;
  /** Next attempt of a retry. */
  readonly attempt: number;
}

/** Something that arrived for a run from outside. */
export interface Arrival {
  readonly id: number;
  readonly kind: "event" | "child" | Request["verb"];
  /** The wait that it is for. */
  readonly key: string | null;
  /** JSON text of the event, the child's end or the request. */
  readonly body: string | null;
  readonly at: number;
}

/** What a person or a parent requests of a run that a worker holds. */
export interface Request {
  readonly verb: "cancel" | "suspend" | "retry";
  readonly actor: string;
  readonly why: string | null;
  /** For a cancel: undo the completed steps before it ends. */
  readonly isCompensated?: boolean;
  /** For a suspend: timers stop until it is resumed. */
  readonly stopsClocks?: boolean;
}

/**
 * What to read of a journal: all of it, or, for a run whose history its holder has in memory, only what has arrived, or
 * what has arrived and its open waits. The rest is then empty.
 */
export type JournalPart = "all" | "arrivals" | "open";

/** Everything that a replay needs. */
export interface Journal {
  readonly entries: readonly RecordedEntry[];
  readonly attempts: readonly AttemptRecord[];
  readonly waits: readonly Wait[];
  readonly arrivals: readonly Arrival[];
}
