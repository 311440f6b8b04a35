import type { StoreError } from "../model/errors.ts";
import type { Entry } from "../model/journal.ts";
import { defaults } from "../model/limits.ts";
import type { LeasedRun } from "../model/run.ts";
import type { Advance, AdvanceOutcome, LogLine } from "../model/transition.ts";
import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { Ask, Draft } from "./ask.ts";
import type { Timeline } from "./timeline.ts";

/** A result that is being recorded: the code gets it in its order, after its commit. */
export interface Fresh {
  readonly ask: Ask;
  entry: Entry;
  /** Store time of its commit; null until then. */
  at: number | null;
  /** It was never recorded after all: its place in the order stays empty. */
  isVoid: boolean;
}

export interface RecorderParts {
  readonly run: LeasedRun;
  readonly store: Store;
  readonly clock: Clock;
  readonly timeline: Timeline;
  readonly storeRetryMs: number;
  readonly isOver: () => boolean;
  readonly lost: () => void;
  /** Called after each answer of the store. */
  readonly settled: () => void;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/**
 * Writes a held run. It numbers what is recorded, sends every advance under the run's fence and keeps the results until
 * they may be delivered. A store that is away is asked again with the same advance while the lease holds: a finished
 * step never runs again for it.
 */
export class Recorder {
  readonly #parts: RecorderParts;
  #fresh: Fresh[] = [];
  #head = 0;
  #lastSeq: number;
  #uncommitted = 0;
  #logs: LogLine[] = [];
  #logCount = 0;

  constructor(parts: RecorderParts, lastSeq: number) {
    this.#parts = parts;
    this.#lastSeq = lastSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get isCommitted(): boolean {
    return this.#uncommitted === 0;
  }

  /** Nothing is on its way to the store or to the code. */
  get isDrained(): boolean {
    return this.#uncommitted === 0 && this.#head >= this.#fresh.length;
  }

  /** Takes the next place in the run's order. */
  place(ask: Ask, draft: Draft): Fresh {
    const fresh: Fresh = { ask, entry: this.entry(ask, draft), at: null, isVoid: false };
    this.#fresh.push(fresh);
    return fresh;
  }

  entry(ask: Ask, draft: Draft): Entry {
    this.#lastSeq += 1;
    return { seq: this.#lastSeq, key: ask.key, kind: ask.kind, ...draft };
  }

  /** The next result for the code, when it is committed. */
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

  isRecording(ask: Ask): boolean {
    return this.#fresh.some((fresh) => fresh.ask === ask && !fresh.isVoid);
  }

  send(parts: Partial<Advance>, done: (outcome: AdvanceOutcome) => void): void {
    const { run } = this.#parts;
    this.#uncommitted += 1;
    this.#offer({ kind: "advance", run: run.no, fence: run.fence, ...parts }, done);
  }

  #offer(advance: Advance, done: (outcome: AdvanceOutcome) => void): void {
    this.#parts.store.commit(advance).then(
      (outcome) => this.#settle(outcome, done),
      (error: StoreError) => this.#offerAgain(advance, done, error),
    );
  }

  #settle(outcome: AdvanceOutcome, done: (outcome: AdvanceOutcome) => void): void {
    const { timeline, isOver, lost, settled } = this.#parts;
    if (isOver()) return;
    this.#uncommitted -= 1;
    if (outcome.ok) timeline.observe(outcome.at);
    else if (outcome.why === "stale") return lost();
    done(outcome);
    settled();
  }

  #offerAgain(advance: Advance, done: (outcome: AdvanceOutcome) => void, error: StoreError): void {
    const { run, clock, storeRetryMs, isOver, warn } = this.#parts;
    if (isOver()) return;
    warn("the store did not take a transition; it is offered again", {
      run: run.id,
      code: error.code,
      error: error.message,
    });
    clock.after(storeRetryMs, () => {
      if (!isOver()) this.#offer(advance, done);
    });
  }

  log(line: LogLine): void {
    if (this.#logCount >= defaults.logLinesMax) return;
    this.#logCount += 1;
    this.#logs.push(line);
  }

  /** Lines that no advance has carried yet. */
  takeLogs(): readonly LogLine[] | undefined {
    if (this.#logs.length === 0) return undefined;
    const logs = this.#logs;
    this.#logs = [];
    return logs;
  }
}
