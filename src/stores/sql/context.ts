import type { Change } from "../../kernel/ports/notifier.ts";
import { Counters } from "./counters.ts";
import { Definitions } from "./definitions.ts";
import type { Files } from "./files.ts";
import { Matching } from "./matching.ts";
import { Payloads } from "./payloads.ts";
import type { StoreSafeguards } from "./safeguards.ts";
import { Scratch } from "./scratch.ts";
import type { Database, Work } from "./work.ts";

/** What the aggregates of one connection share. */
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

/** Store time, which never goes back. The transaction that is under way has one moment. */
export interface StoreClock {
  now(): number;
  /** Keeps the moment, so that time goes on from there after a restart. */
  save(): Work<number>;
}

/** A run's number is never given twice, also when the newest run is removed: rows that outlive a run name it by it. */
export interface RunNumbers {
  /** For the next run; null: what the database gives is right. */
  next(): Work<number | null>;
  /** Inside the transaction that removes it. */
  removed(no: number): Work<void>;
}

/** A number that rises with every wait: store time first, so that it also rises over restarts. */
export type WaitNumbers = (at: number) => Work<number>;

/** What a database knows of itself. */
export interface DatabaseFacts {
  /** Its name and version. */
  version(): Work<string>;
  /** The newest migration that it has. */
  schema(): Work<number>;
  bytes(): Work<{ bytes: number; freeBytes: number }>;
  walBytes(): Work<number>;
  /** What is wrong with its pages; always empty. */
  damages(how: "quick" | "full"): Work<readonly string[]>;
}

/** What is not the same on both databases. */
export interface ContextOptions {
  readonly db: Database;
  readonly safeguards: StoreSafeguards;
  readonly clock: StoreClock;
  readonly numbers: RunNumbers;
  readonly nextWait: WaitNumbers;
  readonly facts: DatabaseFacts;
  readonly files: Files;
  /** Values of more bytes go into files. */
  readonly offloadOver: number;
  /** What follows a select whose row the transaction is about to decide on. */
  readonly lock: string;
  /** Counters have a row for each of these; those who share one wait for each other. */
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
