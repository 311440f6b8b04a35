import { StoreError } from "../../kernel/model/errors.ts";
import type { Journal, JournalPart } from "../../kernel/model/journal.ts";
import type { EraseRuns } from "../../kernel/model/life.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { Outcome, Transition } from "../../kernel/model/transition.ts";
import type { Hint } from "../../kernel/ports/notifier.ts";
import type { Queries } from "../../kernel/ports/queries.ts";
import type { LeaseParams, Leasing, TxClient, WorkerAbout } from "../../kernel/ports/store.ts";
import { applyTransition, forgetTransaction, settleTransaction } from "../sql/apply.ts";
import { type Context, createContext } from "../sql/context.ts";
import { eraseRuns } from "../sql/erase.ts";
import type { Files } from "../sql/files.ts";
import { beat, join, lease, leave, markDead } from "../sql/leases.ts";
import { loadJournal } from "../sql/load.ts";
import { queries } from "../sql/queries.ts";
import { safeguards as productSafeguards, type StoreSafeguards } from "../sql/safeguards.ts";
import { type SweepParams, sweep } from "../sql/sweep.ts";
import { sweepOrphans } from "../sql/sweep-files.ts";
import { type Database, InPlace, perform } from "./database.ts";
import { SqliteFacts } from "./database-facts.ts";
import { MemoryFiles } from "./files.ts";
import { RowidNumbers, waitNumbers } from "./run-numbers.ts";
import { scrub } from "./scrub.ts";
import { MachineClock } from "./store-clock.ts";
import { guardedQuery, refuseEndedTx } from "./tx.ts";

export interface CoreOptions {
  readonly now: () => number;
  readonly safeguards?: StoreSafeguards;
  readonly files?: Files;
  readonly offloadOver?: number;
}

/** The result of one transition of a batch: its outcome, or an error that it alone caused. */
export type Reply = { readonly outcome: Outcome } | { readonly error: StoreError };

/**
 * The store itself, synchronous, on one connection. Every method is one transaction. The thread in front of it batches;
 * the simulator and the test kit call it directly.
 */
export class SqliteCore {
  readonly context: Context;
  readonly db: Database;
  /** The part of the files that the next sweep checks. */
  #orphanPart = 0;

  constructor(
    db: Database,
    { now, safeguards = productSafeguards, files = new MemoryFiles(), ...options }: CoreOptions,
  ) {
    this.db = db;
    this.context = createContext({
      db: new InPlace(db),
      clock: new MachineClock(db, now),
      numbers: new RowidNumbers(db),
      nextWait: waitNumbers(),
      facts: new SqliteFacts(db),
      safeguards,
      files,
      offloadOver: options.offloadOver ?? defaults.offloadOver,
      // A writer has the whole file to itself.
      lock: "",
      shard: 0,
    });
  }

  /**
   * Marks all earlier workers dead. The process that holds the file's lock knows that they are, so no lease needs to
   * expire.
   */
  buryAll(): void {
    this.#write(() => {
      const at = perform(this.context.clock.save());
      for (const row of this.db.all<{ incarnation: number }>("select incarnation from workers where is_dead = 0")) {
        perform(markDead(this.context, row.incarnation, at));
      }
      this.db.run("delete from workers where is_dead = 1 and expires_at < ?", at - 86_400_000);
    });
  }

  /**
   * Applies a batch in one database transaction. If an unexpected error is thrown, the batch is rolled back and halved
   * until the offending transition is alone. Savepoints would slow down every batch because of this rare case.
   */
  commit(batch: readonly Transition[]): Reply[] {
    const erasure = batch.findIndex((transition) => transition.kind === "erase");
    if (erasure >= 0 && batch.length > 1) {
      // An erasure has its own transaction, in which deleted rows are overwritten.
      const [before, one, after] = [
        batch.slice(0, erasure),
        batch.slice(erasure, erasure + 1),
        batch.slice(erasure + 1),
      ];
      return [before, one, after].flatMap((some) => (some.length === 0 ? [] : this.commit(some)));
    }
    const [only] = batch;
    return only?.kind === "erase" ? [this.#erase(only)] : this.#commitAll(batch);
  }

  #commitAll(batch: readonly Transition[]): Reply[] {
    try {
      return this.#write(() => {
        const at = this.context.clock.now();
        return batch.map((transition) => ({ outcome: this.#apply(transition, at) }));
      });
    } catch (error) {
      const storeError = toStoreError(error);
      // A full disk or a lost file is not caused by a transition: halving would only fail again.
      if (batch.length === 1 || storeError.code === "unavailable") return batch.map(() => ({ error: storeError }));
      const middle = Math.ceil(batch.length / 2);
      return [...this.#commitAll(batch.slice(0, middle)), ...this.#commitAll(batch.slice(middle))];
    }
  }

  /**
   * Overwrites what it deletes and leaves no copy in free pages or the log. Only here: overwriting always was measured
   * to cost up to a tenth of the store thread's time.
   */
  #erase(act: EraseRuns): Reply {
    const { context } = this;
    context.erased.length = 0;
    try {
      this.db.raw.exec("pragma secure_delete = on");
      const outcome = this.#write(() => perform(eraseRuns(context, act, context.clock.now())));
      for (const hash of context.erased.splice(0)) context.files.remove(hash);
      return { outcome: outcome.ok ? { ...outcome, isScrubbed: scrub(this.db, act.isVacuumed) } : outcome };
    } catch (error) {
      return { error: toStoreError(error) };
    } finally {
      this.db.raw.exec("pragma secure_delete = off");
    }
  }

  #apply(transition: Transition, at: number): Outcome {
    return perform(applyTransition(this.context, transition, at));
  }

  join(name: string, leaseMs: number, about: WorkerAbout | null = null): { incarnation: number; now: number } {
    return this.#write(() => perform(join(this.context, name, leaseMs, about)));
  }

  beat(incarnation: number, leaseMs: number): { isAlive: boolean; now: number; arrivals: readonly number[] } {
    return this.#write(() => perform(beat(this.context, incarnation, leaseMs)));
  }

  lease(params: LeaseParams): Leasing {
    return this.#write(() => perform(lease(this.context, params)));
  }

  leave(incarnation: number): void {
    this.#write(() => perform(leave(this.context, incarnation)));
  }

  load(run: number, fence: number, part: JournalPart): Journal | null {
    return perform(loadJournal(this.context, run, fence, part));
  }

  query<K extends keyof Queries>(name: K, params: Queries[K]["params"]): Queries[K]["result"] {
    return perform(queries[name](this.context, params));
  }

  sweep(params: SweepParams): {
    runs: number;
    events: number;
    keys: number;
  } {
    const { files, ...swept } = this.#write(() => perform(sweep(this.context, params)));
    for (const hash of files) this.context.files.remove(hash);
    this.#orphanPart = perform(sweepOrphans(this.context, this.#orphanPart));
    // Freed pages are returned to the disk a few at a time; returning all at once would delay the runs.
    if (swept.runs + swept.events > 0) this.db.raw.exec(`pragma incremental_vacuum(${vacuumPages})`);
    return swept;
  }

  /** Opens the transaction of `ctx.tx`. No other method may be called until `endTx`. */
  beginTx(): void {
    this.context.scratch.clear();
    this.db.raw.exec("begin immediate");
  }

  queryTx(sql: string, params: Parameters<TxClient["query"]>[1]): Record<string, unknown>[] {
    refuseEndedTx(this.db);
    return guardedQuery(this.db, sql, params ?? []);
  }

  /** Commits the user's rows and the transition together. Null rolls both back. */
  endTx(transition: Transition | null): Outcome | null {
    const { context } = this;
    if (transition === null) {
      if (this.db.raw.isTransaction) this.db.raw.exec("rollback");
      return null;
    }
    refuseEndedTx(this.db);
    try {
      const outcome = this.#apply(transition, context.clock.now());
      perform(settleTransaction(context));
      this.db.raw.exec(outcome.ok ? "commit" : "rollback");
      return outcome;
    } catch (error) {
      this.endTx(null);
      forgetTransaction(this.context);
      throw toStoreError(error);
    }
  }

  /** What the transactions since the last call may have woken, or null if nothing. */
  takeHint(): Hint | null {
    const { hints } = this.context;
    const isQuiet = !hints.ready && !hints.unrouted && !hints.timers;
    if (isQuiet && hints.arrivals.size === 0 && hints.changed.length === 0) return null;
    const hint: Hint = {
      ready: hints.ready,
      unrouted: hints.unrouted,
      timers: hints.timers,
      arrivals: [...hints.arrivals],
      changed: [...hints.changed],
    };
    hints.clear();
    return hint;
  }

  watch(isWatched: boolean): void {
    this.context.hints.isWatched = isWatched;
  }

  #write<T>(work: () => T): T {
    try {
      return this.db.transaction(() => {
        this.context.scratch.clear();
        const value = work();
        perform(settleTransaction(this.context));
        return value;
      });
    } catch (error) {
      forgetTransaction(this.context);
      throw toStoreError(error);
    }
  }
}

/** 4 MiB of 4 KiB pages. */
const vacuumPages = 1_000;

/**
 * Maps SQLite's result codes to the store's closed list. A full disk may have space again later, so it is
 * `unavailable`.
 */
export function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = (error as { errcode?: number }).errcode ?? 0;
  const message = error instanceof Error ? error.message : String(error);
  const primary = code & 0xff;
  if (primary === 13) {
    return new StoreError("unavailable", "the disk is full: nothing was written", {
      hint: "free disk space; Baton continues by itself",
      cause: error,
    });
  }
  if (primary === 10 || primary === 5 || primary === 14) {
    return new StoreError("unavailable", `cannot write to the store: ${message}`, {
      hint: "check the disk and its permissions",
      cause: error,
    });
  }
  if (primary === 11 || primary === 26) {
    return new StoreError("corrupt", `the store file is damaged or is not a SQLite file: ${message}`, {
      hint: "restore a backup with: baton db restore",
      cause: error,
    });
  }
  if (primary === 18)
    return new StoreError("too-large", `a value is too large for the store: ${message}`, { cause: error });
  return new StoreError("corrupt", `the store rejected a valid write: ${message}`, { cause: error });
}
