import type { StoreError } from "../model/errors.ts";
import type { Entry } from "../model/journal.ts";
import { defaults } from "../model/limits.ts";
import type { LeasedRun } from "../model/run.ts";
import type { Advance, AdvanceOutcome, LogLine } from "../model/transition.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { Draft, Operation } from "./operation.ts";
import type { Timeline } from "./timeline.ts";

/** A result that is being recorded. The code receives it in order, after its commit. */
export interface Fresh {
  readonly operation: Operation;
  entry: Entry;
  /** Store time of its commit; null until then. */
  at: number | null;
  /** It was not recorded after all: its place in the order stays empty. */
  isVoid: boolean;
}

/** The run that is being recorded. */
export interface Recorded {
  readonly run: LeasedRun;
  readonly isOver: boolean;
  /** Called when the store reports that another worker holds the run. */
  lose(): void;
  /** Called after each answer of the store. */
  answered(): void;
}

/** What the recorder needs from its worker. */
export interface RecorderEnvironment {
  readonly store: Store;
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly storeRetryMs: number;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/**
 * Writes a held run. It numbers what is recorded, sends every advance under the run's fence and keeps the results until
 * they may be delivered. While the lease holds, it repeats an advance until the store answers: a finished step never
 * runs again because the store was unavailable.
 */
export class Recorder {
  readonly #owner: Recorded;
  readonly #env: RecorderEnvironment;
  #fresh: Fresh[] = [];
  #head = 0;
  #lastSeq: number;
  #uncommitted = 0;
  #logs: LogLine[] = [];
  #logCount = 0;
  /** Characters of these lines. */
  #logSize = 0;

  constructor(owner: Recorded, env: RecorderEnvironment, lastSeq: number) {
    this.#owner = owner;
    this.#env = env;
    this.#lastSeq = lastSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get isCommitted(): boolean {
    return this.#uncommitted === 0;
  }

  /** Nothing is waiting for the store or for delivery to the code. */
  get isDrained(): boolean {
    return this.#uncommitted === 0 && this.#head >= this.#fresh.length;
  }

  /** A failure is recorded, or is being recorded, and the code has not received it. */
  get hasFailure(): boolean {
    for (let i = this.#head; i < this.#fresh.length; i++) {
      const fresh = this.#fresh[i];
      if (fresh !== undefined && !fresh.isVoid && fresh.entry.outcome === "error") return true;
    }
    return false;
  }

  /** Takes the next place in the run's order. */
  place(operation: Operation, draft: Draft): Fresh {
    const fresh: Fresh = { operation, entry: this.entry(operation, draft), at: null, isVoid: false };
    this.#fresh.push(fresh);
    return fresh;
  }

  entry(operation: Operation, draft: Draft): Entry {
    this.#lastSeq += 1;
    return { seq: this.#lastSeq, key: operation.key, kind: operation.kind, ...draft };
  }

  /** The next result for the code, once it is committed. */
  next(): Fresh | null {
    while (this.#fresh[this.#head]?.isVoid) this.#head += 1;
    const fresh = this.#fresh[this.#head];
    if (fresh === undefined || fresh.at === null) return null;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#fresh.length) {
      this.#fresh = this.#fresh.slice(this.#head);
      this.#head = 0;
    }
    return fresh;
  }

  isRecording(operation: Operation): boolean {
    return this.#fresh.some((fresh) => fresh.operation === operation && !fresh.isVoid);
  }

  send(parts: Partial<Advance>, done: (outcome: AdvanceOutcome) => void): void {
    const { run } = this.#owner;
    this.#uncommitted += 1;
    this.#offer({ kind: "advance", run: run.no, fence: run.fence, ...parts }, done);
  }

  #offer(advance: Advance, done: (outcome: AdvanceOutcome) => void): void {
    this.#env.store.commit(advance).then(
      (outcome) => this.#settle(outcome, done),
      (error: StoreError) => this.#offerAgain(advance, done, error),
    );
  }

  #settle(outcome: AdvanceOutcome, done: (outcome: AdvanceOutcome) => void): void {
    if (this.#owner.isOver) return;
    this.#uncommitted -= 1;
    if (outcome.ok) this.#env.timeline.observe(outcome.at);
    else if (outcome.why === "stale") return this.#owner.lose();
    done(outcome);
    this.#owner.answered();
  }

  #offerAgain(advance: Advance, done: (outcome: AdvanceOutcome) => void, error: StoreError): void {
    if (this.#owner.isOver) return;
    const { clock, storeRetryMs } = this.#env;
    const fields = { run: this.#owner.run.id, code: error.code, error: error.message };
    this.#env.warn("the store did not accept a transition; it will be retried", fields);
    clock.after(storeRetryMs, () => {
      if (!this.#owner.isOver) this.#offer(advance, done);
    });
  }

  log(line: LogLine): void {
    if (this.#logCount > defaults.logLinesMax || this.#logSize > defaults.logBytesMax) return;
    this.#logCount += 1;
    this.#logSize += line.message.length + (line.data?.length ?? 0);
    const isOver = this.#logCount > defaults.logLinesMax || this.#logSize > defaults.logBytesMax;
    this.#logs.push(
      isOver ? { key: null, level: "warn", message: "log limit reached: further lines are dropped", data: null } : line,
    );
  }

  /** Lines that have not been sent with an advance yet. */
  takeLogs(): readonly LogLine[] | undefined {
    if (this.#logs.length === 0) return undefined;
    const logs = this.#logs;
    this.#logs = [];
    return logs;
  }
}
