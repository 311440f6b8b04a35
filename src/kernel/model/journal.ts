import type { ErrorRecord } from "./errors.ts";

/**
 * What a run's code asks for, each recorded under its key when it is settled. Two are the engine's own: `reopen` voids
 * earlier entries when a recovery verb sets the run going again, `undo` is the undoing of a completed step.
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
] as const;
/** The key under which a step's undoing is recorded. A step's own name may not begin so. */
export const undoPrefix = "undo:";

export function undoKeyOf(step: string): string {
  return `${undoPrefix}${step}`;
}

export type EntryKind = (typeof entryKinds)[number];

/** `continued`: retries used up and the code goes on without a value. `abandoned`: the code ended before it was settled. */
export type EntryOutcome = "ok" | "error" | "continued" | "abandoned";

/** One settled thing of a run. `seq` is the run's one order: the code receives entries strictly by it, live and in replay. */
export interface Entry {
  readonly seq: number;
  readonly key: string;
  readonly kind: EntryKind;
  readonly outcome: EntryOutcome;
  /** JSON text of the value, or of the `ErrorRecord`; null is `undefined`. */
  readonly value: string | null;
  /** JSON text of the declared input. */
  readonly input: string | null;
  /** Attempts that it took; 1 when it went well at once. */
  readonly attempts: number;
  /** Length of the last attempt. */
  readonly tookMs: number;
}

/** An entry as the store gives it back: `at` is the store time of its commit. */
export interface RecordedEntry extends Entry {
  readonly at: number;
}

/** Marks of a recovery verb, the value of a `reopen` entry. */
export interface Reopening {
  /** Entries of these keys are void: they are asked for anew. */
  readonly keys: readonly string[];
  /** All entries from this seq on are void (`restart`). */
  readonly voidFrom?: number;
  /** Entries from this seq on may stay unasked: what they followed has changed. */
  readonly optionalFrom?: number;
  /** Edited declared inputs by key, JSON text. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Outputs that a person has supplied by key, JSON text: recorded instead of doing what is asked for. */
  readonly supplied?: Readonly<Record<string, string>>;
}

export type AttemptOutcome = "failed" | "timed-out" | "lost" | "aborted";

/** An attempt that did not succeed at once. A first-try success leaves none: its entry says all. */
export interface AttemptRecord {
  readonly key: string;
  readonly number: number;
  /** Whether it counts against the retry budget: not when its process died or stopped. */
  readonly charged: boolean;
  readonly outcome: AttemptOutcome;
  readonly error: ErrorRecord | null;
  readonly tookMs: number;
  readonly round: number;
  readonly at: number;
}

/** What a run waits for. `once` is the recorded intent of an at-most-once step; `hold` a step that waits for a person. */
export type WaitKind = "timer" | "event" | "child" | "retry" | "once" | "hold";

export interface Wait {
  readonly key: string;
  readonly kind: WaitKind;
  /** Store time; null when nothing but the awaited thing ends it. */
  readonly dueAt: number | null;
  readonly since: number;
  /** Event name, child's run id or the last error's message: for people. */
  readonly name: string | null;
  /** JSON text of the event match. */
  readonly match: string | null;
  /** Next attempt of a retry. */
  readonly attempt: number;
}

/** Something that arrived for a run from outside, in order of arrival. */
export interface Arrival {
  readonly id: number;
  readonly kind: "event" | "child" | Request["verb"];
  /** The wait that it is for. */
  readonly key: string | null;
  /** JSON text: the event, the child's end, the request. */
  readonly body: string | null;
  readonly at: number;
}

/** What a person or a parent asks of a run that somebody holds. */
export interface Request {
  readonly verb: "cancel" | "suspend" | "retry";
  readonly actor: string;
  readonly why: string | null;
  /** Of a cancel: undo what was done before it ends. */
  readonly isCompensated?: boolean;
  /** Of a suspend: timers stand still until it is resumed. */
  readonly stopsClocks?: boolean;
}

/** All that a replay needs. */
export interface Journal {
  readonly entries: readonly RecordedEntry[];
  readonly attempts: readonly AttemptRecord[];
  readonly waits: readonly Wait[];
  readonly arrivals: readonly Arrival[];
}
