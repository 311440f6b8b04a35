import type { Journal, JournalPart } from "../../kernel/model/journal.ts";
import type { OutcomeOf, Transition } from "../../kernel/model/transition.ts";
import type { Notifier } from "../../kernel/ports/notifier.ts";
import type { Queries } from "../../kernel/ports/queries.ts";
import type { LeaseParams, Leasing, Store, TxClient } from "../../kernel/ports/store.ts";
import { type CoreOptions, SqliteCore } from "./core.ts";
import { openMemoryDatabase } from "./open.ts";

/** Opens the core of the real store on an in-memory database. */
export function openMemoryCore(options: CoreOptions): SqliteCore {
  return new SqliteCore(openMemoryDatabase(), options);
}

/**
 * The real store without its thread, for tests: every call is applied in place and resolves in a later microtask. One
 * core may have several of these, like several workers on one database.
 */
export class MemoryStore implements Store {
  readonly core: SqliteCore;
  readonly #notifier: Notifier;
  #tx: Promise<unknown> = Promise.resolve();
  #isInTx = false;

  constructor(core: SqliteCore, notifier: Notifier) {
    this.core = core;
    this.#notifier = notifier;
  }

  async commit<T extends Transition>(transition: T): Promise<OutcomeOf<T>> {
    if (this.#isInTx) await this.#tx;
    const [reply] = this.core.commit([transition]);
    this.#notify();
    if (reply === undefined || "error" in reply) throw reply?.error ?? new Error("no response");
    return reply.outcome as OutcomeOf<T>;
  }

  async join(params: Parameters<Store["join"]>[0]): Promise<{ incarnation: number; now: number }> {
    return this.#do(() => this.core.join(params.name, params.leaseMs, params.about ?? null));
  }

  async beat(params: {
    incarnation: number;
    leaseMs: number;
  }): Promise<{ isAlive: boolean; now: number; arrivals: readonly number[] }> {
    return this.#do(() => this.core.beat(params.incarnation, params.leaseMs));
  }

  async lease(params: LeaseParams): Promise<Leasing> {
    return this.#do(() => this.core.lease(params));
  }

  async leave(params: { incarnation: number }): Promise<void> {
    return this.#do(() => this.core.leave(params.incarnation));
  }

  async load(params: { run: number; fence: number; part?: JournalPart }): Promise<Journal | null> {
    return this.#do(() => this.core.load(params.run, params.fence, params.part ?? "all"));
  }

  async query<K extends keyof Queries>(name: K, params: Queries[K]["params"]): Promise<Queries[K]["result"]> {
    return this.#do(() => this.core.query(name, params));
  }

  async sweep(params: {
    completedMs: number;
    failedMs: number;
    cancelledMs?: number;
    eventMs: number;
    limit: number;
  }): Promise<{ runs: number; events: number; keys: number }> {
    return this.#do(() => this.core.sweep(params));
  }

  async backup(params: { path: string }): Promise<{ bytes: number }> {
    return this.#do(() => {
      this.core.db.raw.prepare("vacuum into ?").run(params.path);
      return { bytes: this.core.query("stats", {}).bytes };
    });
  }

  watch(isWatched: boolean): void {
    this.core.watch(isWatched);
  }

  async transact<T>(
    _params: { run: number; fence: number; limitMs?: number },
    work: (db: TxClient) => Promise<T>,
    finish: (value: T) => Transition,
  ): Promise<{ value: T; outcome: OutcomeOf<Transition> }> {
    while (this.#isInTx) await this.#tx;
    this.#isInTx = true;
    const whole = this.#transact(work, finish).finally(() => {
      this.#isInTx = false;
      this.#notify();
    });
    this.#tx = whole.catch(() => undefined);
    return whole;
  }

  async #transact<T>(
    work: (db: TxClient) => Promise<T>,
    finish: (value: T) => Transition,
  ): Promise<{ value: T; outcome: OutcomeOf<Transition> }> {
    this.core.beginTx();
    try {
      const value = await work({ query: async (sql, params) => this.core.queryTx(sql, params) });
      const outcome = this.core.endTx(finish(value));
      return { value, outcome: outcome as OutcomeOf<Transition> };
    } catch (error) {
      this.core.endTx(null);
      throw error;
    }
  }

  async #do<T>(work: () => T): Promise<T> {
    while (this.#isInTx) await this.#tx;
    const value = work();
    this.#notify();
    return value;
  }

  #notify(): void {
    const hint = this.core.takeHint();
    if (hint !== null) this.#notifier.publish(hint);
  }

  async close(): Promise<void> {}
}
