import { defaults } from "../../kernel/model/limits.ts";
import type { Change } from "../../kernel/ports/notifier.ts";
import { Counters } from "./counters.ts";
import type { Database } from "./database.ts";
import { Definitions } from "./definitions.ts";
import { type Files, MemoryFiles } from "./files.ts";
import { Matching } from "./matching.ts";
import { Payloads } from "./payloads.ts";
import type { Rules } from "./rules.ts";
import { RunNumbers } from "./run-numbers.ts";
import { Scratch } from "./scratch.ts";
import { StoreClock } from "./store-clock.ts";

/** What the aggregates of one connection share. */
export interface Context {
  readonly db: Database;
  readonly rules: Rules;
  readonly clock: StoreClock;
  readonly files: Files;
  readonly payloads: Payloads;
  readonly counters: Counters;
  readonly numbers: RunNumbers;
  readonly definitions: Definitions;
  readonly matching: Matching;
  readonly hints: Hints;
  readonly scratch: Scratch;
  /** Files that an erasure has forgotten: they go once it has committed. */
  readonly erased: string[];
}

/** What a transaction may have woken, told after its commit. */
export class Hints {
  ready = false;
  unrouted = false;
  /** A timer was set, perhaps to a moment before all others. */
  timers = false;
  /** Whether anybody follows changes: nobody pays for a feed that is not read. */
  isWatched = false;
  readonly arrivals = new Set<number>();
  readonly changed: Change[] = [];

  change(no: number, id: string | null, status: string): void {
    if (this.isWatched) this.changed.push({ no, id, status });
  }

  /** Also after a rollback, when nothing of it is true. */
  clear(): void {
    this.ready = false;
    this.unrouted = false;
    this.timers = false;
    this.arrivals.clear();
    this.changed.length = 0;
  }
}

/** Where large values go, and from how many bytes on they are large. */
export interface Offload {
  readonly files?: Files;
  readonly offloadOver?: number;
}

export function createContext(db: Database, rules: Rules, now: () => number, offload: Offload = {}): Context {
  const { files = new MemoryFiles(), offloadOver = defaults.offloadOver } = offload;
  const clock = new StoreClock(db, now);
  const payloads = new Payloads(db, clock, { files, offloadOver });
  return {
    db,
    rules,
    files,
    payloads,
    clock,
    counters: new Counters(db),
    numbers: new RunNumbers(db),
    definitions: new Definitions(db),
    matching: new Matching(db, payloads),
    hints: new Hints(),
    scratch: new Scratch(),
    erased: [],
  };
}
