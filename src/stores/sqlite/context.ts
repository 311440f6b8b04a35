import type { Change } from "../../kernel/ports/notifier.ts";
import { Counters } from "./counters.ts";
import type { Database } from "./database.ts";
import { Definitions } from "./definitions.ts";
import { Matching } from "./matching.ts";
import { Payloads } from "./payloads.ts";
import type { Rules } from "./rules.ts";
import { Scratch } from "./scratch.ts";
import { StoreClock } from "./store-clock.ts";

/** What the aggregates of one connection share. */
export interface Context {
  readonly db: Database;
  readonly rules: Rules;
  readonly clock: StoreClock;
  readonly payloads: Payloads;
  readonly counters: Counters;
  readonly definitions: Definitions;
  readonly matching: Matching;
  readonly hints: Hints;
  readonly scratch: Scratch;
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

export function createContext(db: Database, rules: Rules, now: () => number): Context {
  const payloads = new Payloads(db);
  return {
    db,
    rules,
    payloads,
    clock: new StoreClock(db, now),
    counters: new Counters(db),
    definitions: new Definitions(db),
    matching: new Matching(db, payloads),
    hints: new Hints(),
    scratch: new Scratch(),
  };
}
