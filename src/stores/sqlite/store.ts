import { Worker } from "node:worker_threads";
import { StoreError } from "../../kernel/model/errors.ts";
import type { Journal, JournalPart } from "../../kernel/model/journal.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Outcome, OutcomeOf, Transition } from "../../kernel/model/transition.ts";
import type { Hint, Notifier } from "../../kernel/ports/notifier.ts";
import type { Queries } from "../../kernel/ports/queries.ts";
import type { LeaseParams, Leasing, Store, TxClient } from "../../kernel/ports/store.ts";
import { newRun } from "../sql/new-run.ts";
import { Room } from "../sql/room.ts";
import type { Call, ThreadResponse, WireReply } from "./messages.ts";
import { isBeside, readBeside } from "./read-beside.ts";
import { txTooLong } from "./tx-too-long.ts";
import { unwireError } from "./wire-error.ts";

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

interface Pending extends Waiting {
  readonly transition: Transition;
}

/**
 * The SQLite store of one process and one file. Commits requested while a batch is running are sent together in the
 * next one: the slower the disk, the larger the batch.
 */
export class SqliteStore implements Store {
  readonly #path: string;
  readonly #thread: Worker;
  readonly #notifier: Notifier;
  readonly #calls = new Map<number, Waiting>();
  #queue: Pending[] = [];
  /** Batches sent to the thread, in the order of their responses. */
  readonly #inFlight: Pending[][] = [];
  readonly #room = new Room(() => this.#queue.length, after);
  #isFlushPlanned = false;
  #lastCall = 0;
  #failure: StoreError | null = null;
  #isClosing = false;

  private constructor(path: string, thread: Worker, notifier: Notifier) {
    this.#path = path;
    this.#thread = thread;
    this.#notifier = notifier;
    thread.on("message", (answer: ThreadResponse) => this.#receive(answer));
    thread.on("error", (cause) => this.#fail(new StoreError("unknown-outcome", "the store thread crashed", { cause })));
    thread.on("exit", () => {
      if (!this.#isClosing) this.#fail(new StoreError("unknown-outcome", "the store thread exited"));
    });
  }

  /** Opens the file, or throws an error that names its owner. */
  static async open(
    path: string,
    notifier: Notifier,
    { offloadOver = defaults.offloadOver }: { offloadOver?: number } = {},
  ): Promise<SqliteStore> {
    // The published package has JavaScript, the repository TypeScript: the thread's file has the same extension as this
    // one.
    const suffix = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const thread = new Worker(new URL(`./thread.${suffix}`, import.meta.url), {
      workerData: { path, offloadOver },
      execArgv: [],
    });
    await new Promise<void>((resolve, reject) => {
      thread.once("message", (answer: ThreadResponse) =>
        answer.kind === "not-opened" ? reject(unwireError(answer.error)) : resolve(),
      );
      thread.once("error", reject);
    }).catch(async (error: unknown) => {
      await thread.terminate();
      throw error;
    });
    thread.removeAllListeners("error");
    return new SqliteStore(path, thread, notifier);
  }

  commit<T extends Transition>(transition: T): Promise<OutcomeOf<T>> {
    // External requests wait for capacity. Writes of running runs do not, since only they free capacity.
    const mustWait = transition.kind !== "advance" && this.#room.isFull;
    return mustWait ? this.#room.enter().then(() => this.#enqueue(transition)) : this.#enqueue(transition);
  }

  #enqueue<T extends Transition>(transition: T): Promise<OutcomeOf<T>> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push({ transition, resolve, reject });
      this.#planFlush();
    });
  }

  #planFlush(): void {
    if (this.#isFlushPlanned || !this.#mayFlush()) return;
    this.#isFlushPlanned = true;
    // After this turn of the event loop, so that all commits of the turn share one transaction.
    setImmediate(() => {
      this.#isFlushPlanned = false;
      this.#flush();
    });
  }

  /**
   * A second batch is sent while the first is running only if it is large enough for its own commit: then neither
   * thread waits.
   */
  #mayFlush(): boolean {
    if (this.#queue.length === 0) return false;
    return this.#inFlight.length === 0 || (this.#inFlight.length === 1 && this.#queue.length >= secondBatchMin);
  }

  #flush(): void {
    while (this.#mayFlush()) {
      const batch = this.#queue.splice(0, defaults.batchMax);
      this.#inFlight.push(batch);
      this.#thread.postMessage({ kind: "commit", batch: batch.map((each) => each.transition) });
    }
  }

  #receive(answer: ThreadResponse): void {
    switch (answer.kind) {
      case "committed":
        this.#settle(answer);
        return;
      case "answered": {
        const waiting = this.#take(answer.id);
        waiting?.resolve(answer.value as never);
        this.#notify(answer.hint);
        return;
      }
      case "refused":
        this.#take(answer.id)?.reject(unwireError(answer.error));
        return;
    }
  }

  #settle(answer: Extract<ThreadResponse, { kind: "committed" }>): void {
    const batch = this.#inFlight.shift() ?? [];
    // The next batch is sent before this one is processed, so that both threads work at once.
    this.#flush();
    const plain: Outcome = { ok: true, at: answer.at, isUnread: false };
    for (let i = 0; i < batch.length; i++) {
      const reply = answer.replies[i];
      const waiting = batch[i];
      if (waiting === undefined) continue;
      if (reply === null || reply === undefined) waiting.resolve(plain as never);
      else if (isNewRun(reply)) waiting.resolve(lengthen(waiting.transition as StartRun, reply, answer.at) as never);
      else if ("error" in reply) waiting.reject(unwireError(reply.error));
      else waiting.resolve(reply as never);
    }
    this.#room.make();
    this.#notify(answer.hint);
  }

  #notify(hint: Hint | null): void {
    if (hint !== null) this.#notifier.publish(hint);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#calls.get(id);
    this.#calls.delete(id);
    return waiting;
  }

  #call<T>(call: Call): Promise<T> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      this.#lastCall += 1;
      this.#calls.set(this.#lastCall, { resolve, reject });
      this.#thread.postMessage({ kind: "call", id: this.#lastCall, call });
    });
  }

  #fail(error: StoreError): void {
    this.#failure = error;
    for (const waiting of [...this.#inFlight.flat(), ...this.#queue, ...this.#calls.values()]) waiting.reject(error);
    this.#inFlight.length = 0;
    this.#queue = [];
    this.#calls.clear();
  }

  join(params: Parameters<Store["join"]>[0]): Promise<{ incarnation: number; now: number }> {
    return this.#call({ name: "join", worker: params.name, leaseMs: params.leaseMs, about: params.about ?? null });
  }

  beat(params: {
    incarnation: number;
    leaseMs: number;
  }): Promise<{ isAlive: boolean; now: number; arrivals: readonly number[] }> {
    return this.#call({ name: "beat", ...params });
  }

  lease(params: LeaseParams): Promise<Leasing> {
    return this.#call({ name: "lease", ...params });
  }

  leave(params: { incarnation: number }): Promise<void> {
    return this.#call({ name: "leave", ...params });
  }

  load(params: { run: number; fence: number; part?: JournalPart }): Promise<Journal | null> {
    return this.#call({
      name: "load",
      run: params.run,
      fence: params.fence,
      part: params.part ?? "all",
    });
  }

  query<K extends keyof Queries>(query: K, params: Queries[K]["params"]): Promise<Queries[K]["result"]> {
    if (isBeside(query) && this.#failure === null) return readBeside(this.#path, query, params);
    return this.#call({ name: "query", query, params });
  }

  sweep(params: {
    completedMs: number;
    failedMs: number;
    cancelledMs?: number;
    eventMs: number;
    limit: number;
  }): Promise<{ runs: number; events: number; keys: number }> {
    return this.#call({ name: "sweep", ...params });
  }

  backup(params: { path: string }): Promise<{ bytes: number }> {
    return this.#call({ name: "backup", ...params });
  }

  /** Writes the address of this process to the owner file. */
  announce(url: string): Promise<void> {
    return this.#call({ name: "announce", url });
  }

  /** Whether the change feed is read. */
  watch(isWatched: boolean): void {
    this.#thread.postMessage({ kind: "watch", isWatched });
  }

  async transact<T>(
    params: { run: number; fence: number; limitMs?: number },
    work: (db: TxClient) => Promise<T>,
    finish: (value: T) => Transition,
  ): Promise<{ value: T; outcome: OutcomeOf<Transition> }> {
    const limitMs = params.limitMs ?? txLimitMs;
    const tx = await this.#call<number>({ name: "begin-tx", limitMs });
    let value: T;
    let transition: Transition;
    try {
      const client: TxClient = { query: (sql, values) => this.#call({ name: "query-tx", tx, sql, params: values }) };
      value = await withinLimit(work(client), limitMs);
      transition = finish(value);
    } catch (error) {
      await this.#call({ name: "end-tx", tx, transition: null });
      throw error;
    }
    const outcome = await this.#call<OutcomeOf<Transition>>({ name: "end-tx", tx, transition });
    return { value, outcome };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const ended = new Promise<void>((resolve) => this.#thread.once("exit", () => resolve()));
    await this.#call({ name: "close" });
    await ended;
    this.#failure = new StoreError("unavailable", "the store is closed");
  }
}

/** The thread has rolled back by then. The caller is rejected even if the user code never returns. */
async function withinLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(txTooLong()), limitMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The whole store waits for a `ctx.tx`. */
const txLimitMs = 50;

/** Minimum size of a second batch, to be worth its fsync. */
const secondBatchMin = 100;

function after(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

function isNewRun(reply: WireReply): reply is readonly [number, boolean] {
  return Array.isArray(reply);
}

/** Builds the outcome of a new run from the request and the short reply of the thread. */
function lengthen(start: StartRun, [no, isLeased]: readonly [number, boolean], at: number): Outcome {
  return { ok: true, at, run: newRun(start, no, isLeased ? 1 : 0, at), isCreated: true, isLeased };
}
