import type { Journal, JournalPart } from "../model/journal.ts";
import type { LeasedRun } from "../model/run.ts";
import type { OutcomeOf, Transition } from "../model/transition.ts";
import type { Queries } from "./queries.ts";

/**
 * What the kernel needs from a database. Each call is one transaction. Time is the store's own. Expected outcomes are
 * results; everything else throws a `StoreError`. After `unknown-outcome` the same call may be repeated: all calls are
 * safe to repeat with the same arguments.
 */
export interface Store {
  /**
   * Registers a worker's incarnation. Ids are never reused, so a restarted worker cannot be mistaken for its
   * predecessor.
   */
  join(params: { name: string; leaseMs: number; about?: WorkerAbout }): Promise<{ incarnation: number; now: number }>;
  /** Renews the worker's lease of all its runs. */
  beat(params: { incarnation: number; leaseMs: number }): Promise<Beat>;
  /** Leases ready runs, earliest first, and frees those of dead workers. */
  lease(params: LeaseParams): Promise<Leasing>;
  /** The journal of a held run; null if the fence is stale. Read in a new statement after the lease. */
  load(params: { run: number; fence: number; part?: JournalPart }): Promise<Journal | null>;
  commit<T extends Transition>(transition: T): Promise<OutcomeOf<T>>;
  /**
   * Runs `work` in its own transaction, which ends with the commit of `finish(value)`. `limitMs` bounds it. The default
   * depends on what it blocks: 50 ms on SQLite, where everything waits, 5 s on Postgres. If `work` throws, the
   * transaction is rolled back and the error rethrown.
   */
  transact<T>(
    params: { run: number; fence: number; limitMs?: number },
    work: (db: TxClient) => Promise<T>,
    finish: (value: T) => Transition,
  ): Promise<{ value: T; outcome: OutcomeOf<Transition> }>;
  query<K extends keyof Queries>(name: K, params: Queries[K]["params"]): Promise<Queries[K]["result"]>;
  /**
   * Deletes what retention no longer keeps, at most `limit` runs. `cancelledMs` defaults to `completedMs`. Returns what
   * was deleted.
   */
  sweep(params: {
    completedMs: number;
    failedMs: number;
    cancelledMs?: number;
    eventMs: number;
    limit: number;
  }): Promise<{ runs: number; events: number; keys: number }>;
  /** Writes a consistent copy to a new file. */
  backup(params: { path: string }): Promise<{ bytes: number }>;
  /** Hands back all runs that the worker still holds. */
  leave(params: { incarnation: number }): Promise<void>;
  close(): Promise<void>;
}

/** What a worker reports about itself when it joins. */
export interface WorkerAbout {
  /** Baton's version. */
  readonly version: string;
  readonly slots: number;
  /** The queues that it serves; null: all. */
  readonly queues: readonly string[] | null;
}

export interface Beat {
  /** False: the worker was declared dead, and nothing that it holds counts. */
  readonly isAlive: boolean;
  readonly now: number;
  /** Held runs for which something has arrived. */
  readonly arrivals: readonly number[];
  /** When the next run becomes ready, if a heartbeat also polls for work: another process may have made it ready. */
  readonly nextReadyAt?: number | null;
}

export interface LeaseParams {
  readonly incarnation: number;
  readonly limit: number;
  /** A crash suspect already runs here: no other is leased. */
  readonly hasSuspect: boolean;
  /**
   * The runs that the worker knows it holds, sent after an answer was lost: all others leased to it are freed. Includes
   * the fence, because the worker may know only an earlier lease of a run.
   */
  readonly holds: readonly { readonly run: number; readonly fence: number }[] | null;
}

export interface Leasing {
  readonly runs: readonly LeasedRun[];
  /** When the next run becomes ready, store time; null if none will by itself. */
  readonly nextReadyAt: number | null;
  readonly now: number;
  /** Crashes above the limit that are allowed for the suspects among these runs. */
  readonly deathAllowance: number;
}

/** The user's access to the store's own database, inside `ctx.tx`. */
export interface TxClient {
  query(
    sql: string,
    params?: readonly (string | number | bigint | null | Uint8Array)[],
  ): Promise<Record<string, unknown>[]>;
}
