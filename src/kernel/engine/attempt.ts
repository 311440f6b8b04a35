import type { LogLine } from "../model/transition.ts";

/** What each attempt of a step receives. */
export interface StepAttempt {
  readonly number: number;
  /**
   * The same for all attempts of this step in this run, and used by no other step. Changes only if a person restarts
   * the run from before the step's recorded success.
   */
  readonly idempotencyKey: string;
  /** Aborted by a timeout, a cancel, a lost race or the loss of the lease. */
  readonly signal: AbortSignal;
  /** When this attempt times out: store time in ms; null without a timeout. */
  readonly deadlineAt: number | null;
  /** The declared or edited input. */
  readonly input: unknown;
  readonly log: StepLog;
  /** Reports the progress of a long attempt: a share in [0, 1] and a note of at most 1,000 characters. */
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
  /** Its progress notes are hidden. */
  readonly isSensitive?: boolean;
  readonly log: (line: LogLine) => void;
}

/**
 * One attempt in progress. Its signal and log are created when they are first read: most steps read neither, and an
 * AbortController for each would cost more than the step's row.
 */
export class Attempt implements StepAttempt {
  readonly spec: AttemptSpec;
  #controller: AbortController | null = null;
  #abortedBy: Error | null = null;
  #log: StepLog | null = null;
  /** Once settled, nothing it does counts: a late result of a timed-out attempt is dropped. */
  isSettled = false;
  /** Whether it is shown to people, and the progress that has not been shown yet. */
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

  /** Aborted because its process is stopping, not because of anything it did. */
  get isStopped(): boolean {
    return this.#abortedBy !== null && "code" in this.#abortedBy && this.#abortedBy.code === "stopping";
  }

  abort(reason: Error): void {
    if (this.#abortedBy !== null) return;
    this.#abortedBy = reason;
    this.#controller?.abort(reason);
  }
}

/** Characters of a progress note: it is for people, and its row is written often. */
const noteMax = 1_000;

/** A log that passes its lines to `write`. */
export function createLog(write: (line: Omit<LogLine, "key">) => void): StepLog {
  const at = (level: LogLine["level"]) => (message: string, data?: unknown) =>
    write({
      level,
      message: String(message).slice(0, 4096).toWellFormed().replaceAll("\0", "\ufffd"),
      data: data === undefined ? null : shorten(data),
    });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Log data is for people: it is truncated, never refused. */
function shorten(data: unknown): string {
  try {
    return (JSON.stringify(data) ?? "null").slice(0, 16_384);
  } catch (error) {
    return JSON.stringify(`not shown: ${error instanceof Error ? error.message : String(error)}`);
  }
}
