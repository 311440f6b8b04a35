import type { Outcome } from "../../kernel/model/transition.ts";
import type { Clock } from "../../kernel/ports/clock.ts";
import { applyTransition, forgetTransaction, settleTransaction } from "../sql/apply.ts";
import type { Work } from "../sql/work.ts";
import type { Connections } from "./connections.ts";
import { isPassing, toStoreError } from "./errors.ts";
import type { Pending } from "./pending.ts";
import { drive } from "./statements.ts";
import { beginSerial, lockNames, namesOf, type StoreTransaction } from "./transactions.ts";

const batchMax = 50;
const passingMax = 5;

/**
 * Writes everything that is not batchable, with the code that both stores share. Only one such transaction runs at a
 * time in the whole database; transitions that arrive meanwhile share the next one.
 */
export class SerialWriter {
  readonly #connections: Connections;
  readonly #transaction: StoreTransaction;
  readonly #clock: Clock;
  readonly #committed: () => void;
  #queue: Pending[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #isPlanned = false;

  /** `committed` is called after each transaction, when its hints are valid. */
  constructor(connections: Connections, transaction: StoreTransaction, clock: Clock, committed: () => void) {
    this.#connections = connections;
    this.#transaction = transaction;
    this.#clock = clock;
    this.#committed = committed;
  }

  get length(): number {
    return this.#queue.length;
  }

  add(pending: Pending): void {
    this.#queue.push(pending);
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.soon(() => void this.#serially(() => this.#flush()));
  }

  /** Runs other work that writes in its own transaction. Rethrows its errors as a `StoreError`. */
  do<T>(work: (at: number) => Work<T>): Promise<T> {
    return this.#serially(() => this.#retried(() => this.#transact([], work)));
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #flush(): Promise<void> {
    this.#isPlanned = false;
    while (this.#queue.length > 0) await this.#apply(this.#queue.splice(0, batchMax));
  }

  async #apply(some: readonly Pending[]): Promise<void> {
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.#retried(() => this.#commit(some));
    } catch (error) {
      const storeError = toStoreError(error);
      const affectsAll = storeError.code === "unavailable" || storeError.code === "unknown-outcome";
      if (some.length === 1 || affectsAll) {
        for (const pending of some) pending.reject(storeError);
        return;
      }
      const middle = Math.ceil(some.length / 2);
      await this.#apply(some.slice(0, middle));
      return this.#apply(some.slice(middle));
    }
    some.forEach((pending, i) => {
      const outcome = outcomes[i];
      if (outcome !== undefined) pending.resolve(outcome);
    });
  }

  #commit(some: readonly Pending[]): Promise<readonly Outcome[]> {
    const { context } = this.#transaction;
    return this.#transact(some, function* (at) {
      const outcomes: Outcome[] = [];
      for (const { transition } of some) outcomes.push(yield* applyTransition(context, transition, at));
      return outcomes;
    });
  }

  async #transact<T>(some: readonly Pending[], work: (at: number) => Work<T>): Promise<T> {
    const { context } = this.#transaction;
    context.hints.clear();
    const value = await this.#connections
      .use(async (client) => {
        const at = await beginSerial(client, this.#connections.schema, this.#transaction);
        await lockNames(client, this.#connections.schema, namesOf(some.map((pending) => pending.transition)));
        const done = await drive(client, work(at));
        await drive(client, settleTransaction(context));
        await client.query("commit");
        return done;
      }, transactionMaxMs)
      .catch((error: unknown) => {
        forgetTransaction(context);
        throw error;
      });
    this.#committed();
    return value;
  }

  async #retried<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (!isPassing(error) || tries >= passingMax) throw toStoreError(error);
      }
    }
  }
}

/** A transaction that takes longer has lost its connection. Others wait for it meanwhile. */
const transactionMaxMs = 30_000;
