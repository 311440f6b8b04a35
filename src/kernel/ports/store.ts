import type { Journal } from "../model/journal.ts";
import type { LeasedRun } from "../model/run.ts";
import type { OutcomeOf, Transition } from "../model/transition.ts";
import type { Queries } from "./queries.ts";

/**
 * What the kernel needs of a database. Each call is one transaction. Time is the store's own. Expected outcomes are
 * results; a `StoreError` is thrown for the rest, and after `unknown-outcome` the same call may be made again:
 * everything here is safe to repeat with the same arguments.
 */
export interface Store {
  /** Registers a worker's incarnation. Ids are never reused, so a restart cannot be taken for its predecessor. */
  join(params: { name: string; leaseMs: number; about?: WorkerAbout }): Promise<{ incarnation: number; now: number }>;
  /** Renews the worker's lease of all its runs. */
  beat(params: { incarnation: number; leaseMs: number }): Promise<Beat>;
  /** Takes ready runs, earliest first, and frees those of dead workers. */
  lease(params: LeaseParams): Promise<Leasing>;
  /** The journal of a held run; null when the fence is stale. Read in a new statement after the lease. */
  load(params: { run: number; fence: number; arrivalsOnly?: boolean }): Promise<Journal | null>;
  commit<T extends Transition>(transition: T): Promise<OutcomeOf<T>>;
  /**
   * Runs `work` inside a transaction of its own that ends with the commit of `finish(value)`. `limitMs` bounds it; the
   * default is the store's own, by what else waits meanwhile: 50 ms on SQLite, where all of it does, 5 s on Postgres. A
   * thrown error rolls back and is thrown on.
   */
  transact<T>(
    params: { run: number; fence: number; limitMs?: number },
    work: (db: TxClient) => Promise<T>,
    finish: (value: T) => Transition,
  ): Promise<{ value: T; outcome: OutcomeOf<Transition> }>;
  query<K extends keyof Queries>(name: K, params: Queries[K]["params"]): Promise<Queries[K]["result"]>;
  /**
   * Deletes what retention no longer keeps, at most `limit` runs; cancelled ones like completed ones unless said
   * otherwise. Returns what it did.
   */
  sweep(params: {
    completedMs: number;
    failedMs: number;
    cancelledMs?: number;
    eventMs: number;
    limit: number;
  }): Promise<{ runs: number; events: number; keys: number }>;
  /** A consistent copy in a new file. */
  backup(params: { path: string }): Promise<{ bytes: number }>;
  /** Hands back what the worker still holds. */
  leave(params: { incarnation: number }): Promise<void>;
  close(): Promise<void>;
}

/** What a worker says of itself when it joins. */
export interface WorkerAbout {
  /** Of Baton. */
  readonly version: string;
  readonly slots: number;
  /** The queues that it serves; null: all. */
  readonly queues: readonly string[] | null;
}

export interface Beat {
  /** False: the worker was declared dead, and nothing it holds counts. */
  readonly isAlive: boolean;
  readonly now: number;
  /** Held runs for which something has come. */
  readonly arrivals: readonly number[];
  /** When the next run becomes ready, where a beat is also a look for work: others may have made it ready. */
  readonly nextReadyAt?: number | null;
}

export interface LeaseParams {
  readonly incarnation: number;
  readonly limit: number;
  /** A suspect already runs here: no other is leased. */
  readonly hasSuspect: boolean;
  /**
   * What the worker knows that it holds, after an answer was lost: whatever else it was given is freed. With the fence:
   * it may know of an earlier lease of a run only.
   */
  readonly holds: readonly { readonly run: number; readonly fence: number }[] | null;
}

export interface Leasing {
  readonly runs: readonly LeasedRun[];
  /** When the next run becomes ready, store time; null when none will by itself. */
  readonly nextReadyAt: number | null;
  readonly now: number;
  /** Deaths that a suspect among these runs may be charged with beyond the limit. */
  readonly deathAllowance: number;
}

/** The user's door into the store's own database, inside `ctx.tx`. */
export interface TxClient {
  query(
    sql: string,
    params?: readonly (string | number | bigint | null | Uint8Array)[],
  ): Promise<Record<string, unknown>[]>;
}
