import type { Change } from "../../kernel/ports/notifier.ts";
import { Counters } from "./counters.ts";
import { Definitions } from "./definitions.ts";
import type { Files } from "./files.ts";
import { Matching } from "./matching.ts";
import { Payloads } from "./payloads.ts";
import type { StoreSafeguards } from "./safeguards.ts";
import { Scratch } from "./scratch.ts";
import type { Database, Work } from "./work.ts";

/** Shared by the aggregates of one connection. */
export interface Context {
  readonly db: Database;
  readonly safeguards: StoreSafeguards;
  readonly clock: StoreClock;
  readonly files: Files;
  readonly payloads: Payloads;
  readonly counters: Counters;
  readonly numbers: RunNumbers;
  readonly nextWait: WaitNumbers;
  readonly facts: DatabaseFacts;
  readonly definitions: Definitions;
  readonly matching: Matching;
  readonly lock: string;
  readonly hints: Hints;
  readonly scratch: Scratch;
  /** Files to delete after an erasure has committed. */
  readonly erased: string[];
}

/** What a transaction may have woken, published after its commit. */
export class Hints {
  ready = false;
  unrouted = false;
  /** A timer was set, perhaps earlier than all others. */
  timers = false;
  /** Whether the change feed is read. Otherwise changes are not collected. */
  isWatched = false;
  readonly arrivals = new Set<number>();
  readonly changed: Change[] = [];

  change(no: number, id: string | null, status: string): void {
    if (this.isWatched) this.changed.push({ no, id, status });
  }

  /** Also called after a rollback, when none of the hints apply. */
  clear(): void {
    this.ready = false;
    this.unrouted = false;
    this.timers = false;
    this.arrivals.clear();
    this.changed.length = 0;
  }
}

/** Store time. It never goes back and is constant within a transaction. */
export interface StoreClock {
  now(): number;
  /** Saves the current time, so that time continues from there after a restart. */
  save(): Work<number>;
}

/**
 * Run numbers are never reused, even if the newest run is removed, because rows that outlive a run refer to its number.
 */
export interface RunNumbers {
  /** The number of the next run; null: the database assigns it. */
  next(): Work<number | null>;
  /** Call inside the transaction that removes the run. */
  removed(no: number): Work<void>;
}

/** A number that rises with every wait. It begins with the store time, so that it also rises across restarts. */
export type WaitNumbers = (at: number) => Work<number>;

/** Facts that a database reports about itself. */
export interface DatabaseFacts {
  /** Name and version of the database. */
  version(): Work<string>;
  /** The newest migration applied. */
  schema(): Work<number>;
  bytes(): Work<{ bytes: number; freeBytes: number }>;
  walBytes(): Work<number>;
  /** Problems of its pages. Empty if it is intact. */
  damages(how: "quick" | "full"): Work<readonly string[]>;
}

/** The parts that differ between the two databases. */
export interface ContextOptions {
  readonly db: Database;
  readonly safeguards: StoreSafeguards;
  readonly clock: StoreClock;
  readonly numbers: RunNumbers;
  readonly nextWait: WaitNumbers;
  readonly facts: DatabaseFacts;
  readonly files: Files;
  /** Larger values, in bytes, are stored in files. */
  readonly offloadOver: number;
  /** Appended to a select of a row on which the transaction bases a decision. */
  readonly lock: string;
  /** Each shard has its own counter rows. Transactions with the same shard wait for each other. */
  readonly shard: number;
}

export function createContext({ offloadOver, shard, ...parts }: ContextOptions): Context {
  const { db, clock, files } = parts;
  const payloads = new Payloads(db, clock, { files, offloadOver });
  return {
    ...parts,
    payloads,
    counters: new Counters(db, shard),
    definitions: new Definitions(db),
    matching: new Matching(db, payloads),
    hints: new Hints(),
    scratch: new Scratch(),
    erased: [],
  };
}
