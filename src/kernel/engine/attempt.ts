import type { LogLine } from "../model/transition.ts";

/** What one attempt of a step is given. */
export interface StepAttempt {
  readonly number: number;
  /** The same over all attempts and restarts of this step of this run, and of no other. */
  readonly idempotencyKey: string;
  /** Aborted by a timeout, a cancel, a lost race or the loss of the lease. */
  readonly signal: AbortSignal;
  /** When this attempt times out, ms; null without a timeout. */
  readonly deadlineAt: number | null;
  /** The declared or edited input. */
  readonly input: unknown;
  readonly log: StepLog;
  /** Shows how far a long attempt has come, in [0, 1]. */
  progress(share: number, note?: string): void;
}

export interface StepLog {
  debug(message: string, data?: unknown): void;
  info(message: string, data?: unknown): void;
  warn(message: string, data?: unknown): void;
  error(message: string, data?: unknown): void;
}

export interface AttemptSpec {
  readonly key: string;
  readonly number: number;
  readonly idempotencyKey: () => string;
  readonly input: unknown;
  readonly deadlineAt: number | null;
  readonly startedMono: number;
  /** What it tells of itself is not shown. */
  readonly isSensitive?: boolean;
  readonly log: (line: LogLine) => void;
}

/**
 * One attempt under way. Its signal and log are made when they are first read: most steps read neither, and an
 * AbortController for each would cost more than the step's row.
 */
export class Attempt implements StepAttempt {
  readonly spec: AttemptSpec;
  #controller: AbortController | null = null;
  #abortedBy: Error | null = null;
  #log: StepLog | null = null;
  /** Once settled nothing of it counts: a late result of a timed-out attempt is dropped. */
  isSettled = false;
  /** Whether people have been shown it, and what they have not been shown yet. */
  isShown = false;
  unshown: { progress: number | null; note: string | null } | null = null;
  stopTimer: (() => void) | null = null;

  constructor(spec: AttemptSpec) {
    this.spec = spec;
  }

  get number(): number {
    return this.spec.number;
  }

  get idempotencyKey(): string {
    return this.spec.idempotencyKey();
  }

  get input(): unknown {
    return this.spec.input;
  }

  get deadlineAt(): number | null {
    return this.spec.deadlineAt;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#abortedBy !== null) this.#controller.abort(this.#abortedBy);
    }
    return this.#controller.signal;
  }

  get log(): StepLog {
    this.#log ??= createLog((line) => this.spec.log({ ...line, key: this.spec.key }));
    return this.#log;
  }

  progress(share: number, note?: string): void {
    const part = Number(share);
    this.unshown = {
      progress: Number.isNaN(part) ? null : Math.min(1, Math.max(0, part)),
      note: note === undefined ? null : String(note).slice(0, noteMax),
    };
  }

  /** Aborted because its process stops, not for anything that it did. */
  get isStopped(): boolean {
    return this.#abortedBy !== null && "code" in this.#abortedBy && this.#abortedBy.code === "stopping";
  }

  abort(reason: Error): void {
    if (this.#abortedBy !== null) return;
    this.#abortedBy = reason;
    this.#controller?.abort(reason);
  }
}

/** Characters of a progress note: it is for people, and kept in a row that is written often. */
const noteMax = 1_000;

/** A log whose lines are handed to `write`. */
export function createLog(write: (line: Omit<LogLine, "key">) => void): StepLog {
  const at = (level: LogLine["level"]) => (message: string, data?: unknown) =>
    write({
      level,
      message: String(message).slice(0, 4096).toWellFormed().replaceAll("\0", "\ufffd"),
      data: data === undefined ? null : shorten(data),
    });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Log data is for people: it is cut and never refused. */
function shorten(data: unknown): string {
  try {
    return (JSON.stringify(data) ?? "null").slice(0, 16_384);
  } catch (error) {
    return JSON.stringify(`not shown: ${error instanceof Error ? error.message : String(error)}`);
  }
}
