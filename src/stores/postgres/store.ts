import type { PoolClient } from "pg";
import { suspectFrom } from "../../kernel/decide/crash.ts";
import { StoreError } from "../../kernel/model/errors.ts";
import type { Journal } from "../../kernel/model/journal.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Outcome, OutcomeOf, Transition } from "../../kernel/model/transition.ts";
import type { Clock } from "../../kernel/ports/clock.ts";
import type { Hint, Notifier } from "../../kernel/ports/notifier.ts";
import type { Queries } from "../../kernel/ports/queries.ts";
import type { LeaseParams, Leasing, Store, TxClient } from "../../kernel/ports/store.ts";
import { freeUnknown, join, leaseOthers, leave, rescue } from "../sql/leases.ts";
import { loadJournal } from "../sql/load.ts";
import { queries } from "../sql/queries.ts";
import { Room } from "../sql/room.ts";
import { safeguards as productSafeguards, type StoreSafeguards } from "../sql/safeguards.ts";
import { type SweepParams, sweep } from "../sql/sweep.ts";
import type { Work } from "../sql/work.ts";
import { type Address, readAddress } from "./address.ts";
import { isBatchable, type Known } from "./batch.ts";
import { BatchWriter, type News } from "./batch-writer.ts";
import { Connections } from "./connections.ts";
import { toStoreError } from "./errors.ts";
import { RemoteHints } from "./hints.ts";
import { apart, Loads } from "./loads.ts";
import { migrate, readSchema, refuseOlder } from "./migrate.ts";
import type { Pending } from "./pending.ts";
import { SerialWriter } from "./serial-writer.ts";
import { Shapes } from "./shapes.ts";
import { asked } from "./statements.ts";
import { openStoreTransaction, read, type StoreTransaction } from "./transactions.ts";
import { transact } from "./tx.ts";

export interface PostgresOptions {
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly safeguards?: StoreSafeguards;
  /** A random number that identifies each opened store, from 0 to below 2^48, as the sender of batches and hints. */
  readonly seat: number;
  /** False: neither sends nor receives hints; polling is enough. Default true. */
  readonly hasHints?: boolean;
  /** False: a schema that lacks a migration is refused instead of migrated. */
  readonly migrates?: boolean;
}

const writerCount = 2;
/** Each counter has this many rows. Each writer of a process uses its own. */
const shards = 60;
/** Two batch writers, the serial writer, leasing, and lease renewal: none of them may wait for readers. */
const connectionsMax = 5;
const readConnectionsMax = 3;
const txConnectionsMax = 4;
/** A lease that is renewed later than this has expired anyway. */
const beatMs = 2_000;

/**
 * The PostgreSQL store for many workers. Frequent transitions use the batch writers, with one statement per batch.
 * Everything else uses the serial writer, with the same code as SQLite. Leases and due times are decided by the
 * server's clock; this process's clock only decides when to poll again.
 */
export class PostgresStore implements Store {
  readonly #connections: Connections;
  readonly #readConnections: Connections;
  readonly #txConnections: Connections;
  readonly #notifier: Notifier;
  readonly #address: Address;
  readonly #clock: Clock;
  #remote: RemoteHints | null = null;
  readonly #serial: SerialWriter;
  readonly #serialTransaction: StoreTransaction;
  readonly #writers: readonly BatchWriter[];
  readonly #known: Known;
  readonly #loads: Loads;
  readonly #room: Room;
  readonly #readers: StoreTransaction[] = [];
  readonly #safeguards: StoreSafeguards;
  readonly #shard: number;
  readonly #numbers = new Map<string, number>();
  readonly #numbering = new Map<string, Promise<unknown>>();
  #isWatched = false;
  /** Whether the last batched lease skipped runs that need the shared code. */
  #hasOthers = false;
  #isClosed = false;

  private constructor(address: string, options: PostgresOptions) {
    const where = readAddress(address);
    this.#connections = new Connections(where, { max: connectionsMax });
    this.#readConnections = new Connections(where, { max: readConnectionsMax });
    this.#txConnections = new Connections(where, { max: txConnectionsMax });
    this.#notifier = options.notifier;
    this.#address = where;
    this.#clock = options.clock;
    this.#safeguards = options.safeguards ?? productSafeguards;
    this.#shard = (options.seat % (shards / (writerCount + 1))) * (writerCount + 1);
    this.#serialTransaction = openStoreTransaction(where.schema, { safeguards: this.#safeguards, shard: this.#shard });
    this.#known = {
      shapes: new Shapes((name) => this.#readShapes(name)),
      isLarge: (text) => this.#serialTransaction.context.payloads.isLarge(text),
      definitionOf: (start) => this.#numberOf(start),
    };
    const queued = (): number => this.#writers.reduce((sum, writer) => sum + writer.length, this.#serial.length);
    this.#room = new Room(queued, options.clock.after);
    this.#loads = new Loads(this.#readConnections, options.clock);
    this.#serial = new SerialWriter(this.#connections, this.#serialTransaction, options.clock, () => {
      this.#notifySerial();
      this.#room.make();
    });
    this.#writers = Array.from(
      { length: writerCount },
      (_, i) =>
        new BatchWriter({
          connections: this.#connections,
          clock: options.clock,
          sender: { id: options.seat, writer: i },
          shard: this.#shard + 1 + i,
          known: this.#known,
          applySpecially: (pending) => this.#applySpecially(pending),
          onCommitted: (news) => {
            this.#notifyNews(news);
            this.#room.make();
          },
        }),
    );
  }

  /** Connects and migrates the schema. Throws a `StoreError` that explains why it cannot. */
  static async open(address: string, options: PostgresOptions): Promise<PostgresStore> {
    const store = new PostgresStore(address, options);
    try {
      await store.#connections.use((client) => prepare(client, store.#connections.schema, options.migrates ?? true));
    } catch (error) {
      await store.close();
      throw toStoreError(error, false);
    }
    if (options.hasHints !== false && store.#address.hasHints) store.#connectHints(`${options.seat}`);
    return store;
  }

  #connectHints(from: string): void {
    const parts = { address: this.#address, connections: this.#connections, clock: this.#clock };
    this.#remote = new RemoteHints({ ...parts, notifier: this.#notifier, from });
    this.#serialTransaction.context.hints.isWatched = true;
  }

  // --- Writing ----------------------------------------------------------------------------------------------------------

  async commit<T extends Transition>(transition: T): Promise<OutcomeOf<T>> {
    if (this.#isClosed) throw new StoreError("unavailable", "the store is closed");
    // External requests wait for capacity. Writes of running runs do not, since only they free capacity.
    if (transition.kind !== "advance" && this.#room.isFull) await this.#room.enter();
    if (transition.kind === "event") await this.#known.shapes.whenKnown(transition.event.name);
    if (transition.kind === "start" && !this.#numbers.has(keyOf(transition))) await this.#knowDefinition(transition);
    return (await new Promise<Outcome>((resolve, reject) => {
      this.#writerOf(transition).add({ transition, busyCount: 0, isSpecial: false, resolve, reject });
    })) as OutcomeOf<T>;
  }

  #writerOf(transition: Transition): { add(pending: Pending): void } {
    if (transition.kind === "advance") return this.#writers[transition.run % writerCount] as BatchWriter;
    if (!isBatchable(transition, this.#known)) return this.#serial;
    return this.#writers.reduce((a, b) => (b.length < a.length ? b : a));
  }

  async #readShapes(name: string): Promise<readonly string[]> {
    const text = `select paths from "${this.#connections.schema}".event_shapes where name = $1 order by shape`;
    return (await this.#ask<{ paths: string }>(text, [name])).map((row) => row.paths);
  }

  /** Null: not known yet. The number is then requested, and the next start finds it. */
  #numberOf(start: StartRun): number | null {
    const no = this.#numbers.get(keyOf(start)) ?? null;
    if (no === null) this.#knowDefinition(start).catch(() => undefined);
    return no;
  }

  /** Assigns a definition its number before the first batch that needs it. */
  #knowDefinition(start: StartRun): Promise<unknown> {
    const key = keyOf(start);
    const asked = this.#numbering.get(key);
    if (asked !== undefined) return asked;
    const { definitions } = this.#serialTransaction.context;
    const asking = this.#serial
      .do(() => numberDefinition(definitions, start))
      .then(
        (no) => this.#numbers.set(key, no),
        (error: unknown) => {
          this.#numbering.delete(key);
          throw error;
        },
      );
    this.#numbering.set(key, asking);
    return asking;
  }

  #applySpecially(pending: Pending): Promise<void> {
    return new Promise((resolve) => {
      this.#serial.add({
        ...pending,
        resolve: (outcome) => {
          pending.resolve(outcome);
          resolve();
        },
        reject: (error) => {
          pending.reject(error);
          resolve();
        },
      });
    });
  }

  transact<T>(
    params: { run: number; fence: number; limitMs?: number },
    work: (db: TxClient) => Promise<T>,
    finish: (value: T) => Transition,
  ): Promise<{ value: T; outcome: OutcomeOf<Transition> }> {
    const transaction = openStoreTransaction(this.#connections.schema, {
      safeguards: this.#safeguards,
      shard: this.#shard,
    });
    return transact(this.#txConnections, transaction, params, work, finish) as Promise<{
      value: T;
      outcome: OutcomeOf<Transition>;
    }>;
  }

  // --- Workers ----------------------------------------------------------------------------------------------------------

  join({ name, leaseMs, about }: Parameters<Store["join"]>[0]): Promise<{ incarnation: number; now: number }> {
    return this.#serial.do(() => join(this.#serialTransaction.context, name, leaseMs, about ?? null));
  }

  async beat({ incarnation, leaseMs }: { incarnation: number; leaseMs: number }): ReturnType<Store["beat"]> {
    const [row] = await this.#ask<{
      is_alive: number;
      store_now: number;
      arrivals: number[] | null;
      next_ready_at: number | null;
      forgotten: number;
    }>(`select * from "${this.#connections.schema}".baton_beat($1, $2)`, [incarnation, leaseMs], beatMs);
    if (row?.forgotten === 1) this.#notifier.publish({ unrouted: true, timers: true });
    return {
      isAlive: row?.is_alive === 1,
      now: row?.store_now ?? 0,
      arrivals: row?.arrivals ?? [],
      nextReadyAt: row?.next_ready_at ?? null,
    };
  }

  async lease(params: LeaseParams): Promise<Leasing> {
    const { incarnation, limit, holds } = params;
    const { context } = this.#serialTransaction;
    if (holds !== null) await this.#serial.do((at) => freeUnknown(context, incarnation, holds, at));
    // Runs that a batched lease skips come first. Otherwise a long queue of others would delay them forever.
    const first = this.#hasOthers ? await this.#leaseOthers(params, Math.ceil(limit / 2)) : noneLeased;
    let rows = await this.#leaseBatch(incarnation, limit - first.runs.length);
    if ((rows[0]?.dead ?? 0) > 0) {
      await this.#serial.do((at) => rescue(context, at));
      // The runs that dead workers held are ready now.
      const room = limit - first.runs.length - countTaken(rows);
      rows = [...rows.filter((row) => row.run !== null), ...(await this.#leaseBatch(incarnation, room))];
    }
    const { store_now: now, next_ready_at: next, others } = rows.at(-1) as LeaseRow;
    const runs = [...first.runs, ...(await this.#toRuns(rows))];
    this.#hasOthers = others > 0;
    const left = limit - runs.length;
    if (left <= 0) return { runs, nextReadyAt: now, now, deathAllowance: first.deathAllowance };
    const hasSuspect = params.hasSuspect || first.runs.some((run) => run.uncleanCount >= suspectFrom);
    const last = this.#hasOthers ? await this.#leaseOthers({ ...params, hasSuspect }, left) : noneLeased;
    const deathAllowance = Math.max(first.deathAllowance, last.deathAllowance);
    return { runs: [...runs, ...last.runs], nextReadyAt: next, now, deathAllowance };
  }

  #leaseOthers(params: LeaseParams, limit: number): Promise<Pick<Leasing, "runs" | "deathAllowance">> {
    return this.#serial.do(() => leaseOthers(this.#serialTransaction.context, { ...params, limit }));
  }

  #leaseBatch(incarnation: number, limit: number): Promise<LeaseRow[]> {
    const text = `select * from "${this.#connections.schema}".baton_lease($1, $2, $3)`;
    return this.#ask<LeaseRow>(text, [incarnation, limit, this.#shard + 1]);
  }

  async #toRuns(rows: readonly LeaseRow[]): Promise<readonly LeasedRun[]> {
    const taken = rows.filter((row) => row.run !== null);
    if (taken.length === 0) return [];
    return this.#read((context) => toLeased(context, taken));
  }

  async leave({ incarnation }: { incarnation: number }): Promise<void> {
    await this.#serial.do(() => leave(this.#serialTransaction.context, incarnation));
  }

  async load({ run, fence, part = "all" }: Parameters<Store["load"]>[0]): Promise<Journal | null> {
    // The server's function reads whole journals, many at once. That of a run in memory is long.
    if (part === "open") return this.#read((context) => loadJournal(context, run, fence, part));
    try {
      const journal = await this.#loads.load(run, fence);
      return journal === null || part === "all" ? journal : { ...journal, entries: [], attempts: [], waits: [] };
    } catch (error) {
      if (error !== apart) throw error;
      return this.#read((context) => loadJournal(context, run, fence, part));
    }
  }

  // --- Reading and care -----------------------------------------------------------------------------------------------

  query<K extends keyof Queries>(name: K, params: Queries[K]["params"]): Promise<Queries[K]["result"]> {
    return this.#read((context) => queries[name](context, params));
  }

  async sweep(params: SweepParams): Promise<{ runs: number; events: number; keys: number }> {
    const limit = Math.min(params.limit, sweepMax);
    await this.#serial.do((at) => forgetSenders(at));
    const { files: _, ...swept } = await this.#serial.do(() =>
      sweep(this.#serialTransaction.context, { ...params, limit }),
    );
    return swept;
  }

  backup(): Promise<{ bytes: number }> {
    throw new StoreError("unavailable", "Baton does not back up a PostgreSQL store", {
      hint: "use pg_dump or the backups of your database provider; docs/do/postgres.md lists what to back up",
    });
  }

  watch(isWatched: boolean): void {
    this.#isWatched = isWatched;
    this.#serialTransaction.context.hints.isWatched = isWatched || this.#remote !== null;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closed = new StoreError("unavailable", "the store is closed");
    for (const writer of this.#writers) writer.fail(closed);
    await this.#remote?.close();
    const all = [this.#connections, this.#readConnections, this.#txConnections];
    await Promise.all(all.map((each) => each.close()));
  }

  async #ask<Row extends Record<string, unknown>>(
    text: string,
    values: readonly unknown[],
    limitMs?: number,
  ): Promise<Row[]> {
    try {
      return await this.#connections.use(async (client) => (await client.query<Row>(text, [...values])).rows, limitMs);
    } catch (error) {
      throw toStoreError(error);
    }
  }

  async #read<T>(work: (context: StoreTransaction["context"]) => Work<T>): Promise<T> {
    const transaction =
      this.#readers.pop() ??
      openStoreTransaction(this.#connections.schema, { safeguards: this.#safeguards, shard: this.#shard });
    try {
      const { schema } = this.#connections;
      return await this.#readConnections.use((client) => read(client, schema, transaction, work(transaction.context)));
    } catch (error) {
      throw toStoreError(error, false);
    } finally {
      this.#readers.push(transaction);
    }
  }

  // --- Hints ------------------------------------------------------------------------------------------------------------

  #notifySerial(): void {
    const { hints } = this.#serialTransaction.context;
    const isQuiet = !hints.ready && !hints.unrouted && !hints.timers;
    if (isQuiet && hints.arrivals.size === 0 && hints.changed.length === 0) return;
    const hint: Hint = {
      ready: hints.ready,
      unrouted: hints.unrouted,
      timers: hints.timers,
      arrivals: [...hints.arrivals],
      changed: [...hints.changed],
    };
    hints.clear();
    this.#notify(hint);
  }

  #notify(hint: Hint): void {
    this.#notifier.publish(hint);
    this.#remote?.notify(hint);
  }

  #notifyNews({ left, started, arrivals, children }: News): void {
    const ready =
      children > 0 ||
      arrivals.length > 0 ||
      left.some((each) => each.state !== "completed") ||
      started.some((each) => !each.isLeased);
    const hasChanged = left.length > 0 || started.length > 0;
    if (!ready && !(hasChanged && (this.#isWatched || this.#remote !== null))) return;
    const changed = [
      ...left.map(({ run: no, state }) => ({ no, id: null, status: statusAfter[state] })),
      ...started.map(({ run: no, id, isLeased }) => ({ no, id, status: isLeased ? "running" : "pending" })),
    ];
    this.#notify({ ready, arrivals, changed });
  }
}

const noneLeased = { runs: [], deathAllowance: 0 } as const;

const statusAfter = { parked: "waiting", ready: "pending", completed: "completed" } as const;

/** Maximum runs of one sweep, since it blocks the serial writer. */
const sweepMax = 200;

interface LeaseRow extends Record<string, unknown> {
  readonly run: number;
  readonly id: string;
  readonly fence: number;
  readonly round: number;
  readonly definition: number;
  readonly input: string | null;
  readonly key: string | null;
  readonly created_at: number;
  readonly is_lost: number;
  readonly unclean: number;
  readonly deadline_at: number | null;
  readonly compensation: string | null;
  readonly store_now: number;
  readonly next_ready_at: number | null;
  readonly dead: number;
  readonly others: number;
}

function* numberDefinition(definitions: StoreTransaction["context"]["definitions"], start: StartRun): Work<number> {
  const no = yield* definitions.numberOf(start.definition);
  yield* definitions.setQueue(no, start.queue);
  return no;
}

/** Removes senders that are long gone and have no batch in transit. */
function* forgetSenders(at: number): Work<void> {
  yield* asked.run("delete from senders where at < ?", at - 86_400_000);
}

function countTaken(rows: readonly LeaseRow[]): number {
  return rows.filter((row) => row.run !== null).length;
}

function* toLeased(context: StoreTransaction["context"], rows: readonly LeaseRow[]): Work<readonly LeasedRun[]> {
  const runs: LeasedRun[] = [];
  for (const row of rows)
    runs.push({
      no: row.run,
      id: row.id,
      fence: row.fence,
      round: row.round,
      definition: yield* context.definitions.ref(row.definition),
      input: yield* context.payloads.whole(row.run, "input", row.input),
      key: row.key,
      createdAt: row.created_at,
      isFresh: row.fence === 1,
      isUnclean: row.is_lost === 1,
      uncleanCount: row.unclean,
      deadlineAt: row.deadline_at,
      compensation: row.compensation === null ? null : JSON.parse(row.compensation),
    });
  return runs;
}

function keyOf({ definition, queue }: StartRun): string {
  return `${definition.kind} ${definition.name} ${definition.version} ${queue ?? ""}`;
}

async function prepare(client: PoolClient, schema: string, migrates: boolean): Promise<void> {
  if (migrates) await migrate(client, schema);
  else refuseOlder(await readSchema(client, schema));
}
