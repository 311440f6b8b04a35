import type { Journal, JournalPart } from "../kernel/model/journal.ts";
import type { OutcomeOf, Transition } from "../kernel/model/transition.ts";
import type { Queries } from "../kernel/ports/queries.ts";
import type { LeaseParams, Leasing, Store, TxClient } from "../kernel/ports/store.ts";

export type StoreOperation =
  | "join"
  | "beat"
  | "lease"
  | "load"
  | "commit"
  | "transact"
  | "query"
  | "sweep"
  | "backup"
  | "leave";

/** Called for each operation between a caller and its store. May delay, drop, repeat or refuse it. */
export type Intercept = <T>(operation: StoreOperation, call: () => Promise<T>, subject?: Transition) => Promise<T>;

/** A store whose calls all pass through `intercept`. Tests use it to crash a process between any two operations. */
export class InterceptedStore implements Store {
  readonly #inner: Store;
  readonly #intercept: Intercept;

  constructor(inner: Store, intercept: Intercept) {
    this.#inner = inner;
    this.#intercept = intercept;
  }

  join(params: Parameters<Store["join"]>[0]): Promise<{ incarnation: number; now: number }> {
    return this.#intercept("join", () => this.#inner.join(params));
  }

  beat(params: {
    incarnation: number;
    leaseMs: number;
  }): Promise<{ isAlive: boolean; now: number; arrivals: readonly number[] }> {
    return this.#intercept("beat", () => this.#inner.beat(params));
  }

  lease(params: LeaseParams): Promise<Leasing> {
    return this.#intercept("lease", () => this.#inner.lease(params));
  }

  load(params: { run: number; fence: number; part?: JournalPart }): Promise<Journal | null> {
    return this.#intercept("load", () => this.#inner.load(params));
  }

  commit<T extends Transition>(transition: T): Promise<OutcomeOf<T>> {
    return this.#intercept("commit", () => this.#inner.commit(transition), transition);
  }

  transact<T>(
    params: { run: number; fence: number; limitMs?: number },
    work: (db: TxClient) => Promise<T>,
    finish: (value: T) => Transition,
  ): Promise<{ value: T; outcome: OutcomeOf<Transition> }> {
    return this.#intercept("transact", () => this.#inner.transact(params, work, finish));
  }

  query<K extends keyof Queries>(name: K, params: Queries[K]["params"]): Promise<Queries[K]["result"]> {
    return this.#intercept("query", () => this.#inner.query(name, params));
  }

  sweep(params: {
    completedMs: number;
    failedMs: number;
    cancelledMs?: number;
    eventMs: number;
    limit: number;
  }): Promise<{ runs: number; events: number; keys: number }> {
    return this.#intercept("sweep", () => this.#inner.sweep(params));
  }

  backup(params: { path: string }): Promise<{ bytes: number }> {
    return this.#intercept("backup", () => this.#inner.backup(params));
  }

  leave(params: { incarnation: number }): Promise<void> {
    return this.#intercept("leave", () => this.#inner.leave(params));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
