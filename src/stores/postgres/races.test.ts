import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import pg from "pg";
import { freshSchema, noPostgres } from "../../../test/postgres/server.ts";
import { systemClock } from "../../app/platform.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { AcceptEvent, Advance } from "../../kernel/model/transition.ts";
import { newStart } from "../conformance/new-start.ts";
import { safeguards } from "../sql/safeguards.ts";
import { readAddress } from "./address.ts";
import { Batch, commitText, encode, type Known } from "./batch.ts";
import { Connections } from "./connections.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { Shapes } from "./shapes.ts";
import { PostgresStore } from "./store.ts";
import { storeTypes } from "./types.ts";

/**
 * Races between two sessions that cannot occur on one connection. One session pauses in the middle of its transaction,
 * the other continues as far as it can, then the first commits. Each race runs on the unchanged store, and on one with
 * a lock removed: there it must fail, or the test proves nothing.
 */
const known: Known = { shapes: new Shapes(async () => []), isLarge: () => false, definitionOf: () => 1 };
const leaseMs = 3_000;

interface Arena {
  readonly store: PostgresStore;
  readonly worker: number;
  query(sql: string, params?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Starts a run that the worker holds. */
  held(): Promise<LeasedRun>;
  /** Applies a batch in a transaction of another session, and keeps it open. */
  begin(...transitions: readonly (Advance | AcceptEvent)[]): Promise<{ commit(): Promise<void> }>;
  /** The same with one statement. `schema.` before a name stands for its schema. */
  beginWith(sql: string, params: readonly unknown[]): Promise<{ commit(): Promise<void> }>;
  /** Waits until the other one has ended or waits for a lock. */
  asFarAsItGoes(other: Promise<unknown>): Promise<void>;
}

/**
 * `without`: the text of the lock to remove from the server's functions, or that of the code that both stores share.
 */
async function setup(test: TestContext, without: RegExp | "shared" | null): Promise<Arena> {
  const schema = await freshSchema(test);
  if (without instanceof RegExp) await migrateWithout(schema.url, without);
  const options = {
    notifier: { publish: () => {}, subscribe: () => () => {} },
    clock: systemClock,
    hasHints: false,
    ...(without === "shared" ? { safeguards: { ...safeguards, locksFirst: () => false } } : {}),
  };
  const store = await PostgresStore.open(schema.url, { ...options, seat: 1 });
  const transaction = new pg.Client({ connectionString: readAddress(schema.url).url, types: storeTypes });
  await transaction.connect();
  test.after(async () => {
    await transaction.end();
    await store.close();
  });
  await schema.query("update clock set test_now = 1000000");
  const { incarnation: worker } = await store.join({ name: "first", leaseMs });
  return {
    store,
    worker,
    query: schema.query,
    held: async () => {
      const outcome = await store.commit(newStart({ leaseTo: worker }));
      assert.ok(outcome.ok && outcome.isLeased);
      return outcome.run;
    },
    begin: async (...transitions) => {
      const batch = new Batch();
      for (const each of transitions)
        assert.ok(each.kind === "event" ? batch.addEvent(each) : batch.addAdvance(each), "the batch accepts it");
      const parameters = encode(batch, {
        sender: { id: 99, writer: 0, batch: 1 },
        shard: 50,
        schema: schema.schema,
        known,
      });
      await transaction.query("begin");
      const { rows } = await transaction.query<{ what: number }>(commitText(schema.schema, parameters), [
        ...parameters,
      ]);
      assert.ok(!rows.some((row) => row.what === 2 || row.what === 6), "nothing was refused");
      return { commit: async () => void (await transaction.query("commit")) };
    },
    beginWith: async (sql, params) => {
      await transaction.query("begin");
      await transaction.query(sql.replaceAll("schema.", `"${schema.schema}".`), [...params]);
      return { commit: async () => void (await transaction.query("commit")) };
    },
    asFarAsItGoes: async (other) => {
      let isOver = false;
      other.finally(() => {
        isOver = true;
      });
      // A busy run is retried repeatedly. After some rounds, that is as far as it goes.
      for (let round = 0; round < 40 && !isOver; round++) {
        const waiting = await schema.query(
          "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like $1",
          [`%${schema.schema}%`],
        );
        if (waiting.length > 0) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

async function migrateWithout(url: string, lock: RegExp): Promise<void> {
  const connections = new Connections(readAddress(url), { max: 1 });
  let taken = 0;
  const migrations = readMigrations().map((migration) => ({
    ...migration,
    sql: migration.sql.replace(lock, () => {
      taken += 1;
      return "";
    }),
  }));
  assert.ok(taken > 0, "the lock was found and removed");
  await connections.use((client) => migrate(client, connections.schema, migrations));
  await connections.close();
}

interface Race {
  readonly name: string;
  /** The text of the lock in the server's functions. `shared`: it is in the code that both stores share. */
  readonly lock: RegExp | "shared";
  /** Whether the visible result is right: true if nothing was lost. */
  readonly isSound: (arena: Arena) => Promise<boolean>;
}

const event = (): AcceptEvent => ({
  kind: "event",
  event: { name: "paid", data: "1", source: "test", id: "e1" },
  isRouted: true,
  starts: [],
  refused: [],
});

const park = (run: LeasedRun, kind: "event" | "child"): Advance => ({
  kind: "advance",
  run: run.no,
  fence: run.fence,
  opens: [{ key: "w", kind, ...(kind === "event" ? { name: "paid" } : {}) }],
  next: { state: "parked" },
});

async function readyAt({ query }: Arena, run: LeasedRun): Promise<unknown> {
  return (await query("select ready_at from live where run = $1", [run.no]))[0]?.["ready_at"] ?? null;
}

const races: readonly Race[] = [
  {
    name: "a worker marked dead records a result while another one takes over its run",
    lock: /(?<=order by l\.run) for no key update of l skip locked|(?<=limit 1) for no key update skip locked/,
    isSound: async (arena) => {
      const run = await arena.held();
      const entry = {
        key: "a",
        kind: "step",
        outcome: "ok",
        value: '"old"',
        input: null,
        attempts: 1,
        tookMs: 1,
      } as const;
      const zombie = await arena.begin({
        kind: "advance",
        run: run.no,
        fence: run.fence,
        entries: [{ ...entry, seq: 1 }],
      });
      await arena.query("update clock set test_now = test_now + $1", [leaseMs + 1]);
      const { incarnation } = await arena.store.join({ name: "second", leaseMs });
      const takeOver = async () => {
        const { runs } = await arena.store.lease({ incarnation, limit: 5, hasSuspect: false, holds: null });
        const next = runs[0];
        return next === undefined ? null : arena.store.load({ run: next.no, fence: next.fence });
      };
      const taking = takeOver();
      await arena.asFarAsItGoes(taking);
      await zombie.commit();
      // A recorded result must be visible to the worker that continues the run.
      return (await taking)?.entries.length === 1;
    },
  },
  {
    name: "a wait is registered while its event arrives",
    lock: /perform case g\.alone[\s\S]*?order by 1\) g;/,
    isSound: async (arena) => {
      const run = await arena.held();
      const waiter = await arena.begin(park(run, "event"));
      const notifying = arena.store.commit(event());
      await arena.asFarAsItGoes(notifying);
      await waiter.commit();
      await notifying;
      return (await readyAt(arena, run)) !== null;
    },
  },
  {
    name: "an event arrives while its wait is registered",
    lock: /perform case g\.alone[\s\S]*?order by 1\) g;/,
    isSound: async (arena) => {
      const run = await arena.held();
      const sender = await arena.begin(event());
      const waiting = arena.store.commit(park(run, "event"));
      await arena.asFarAsItGoes(waiting);
      await sender.commit();
      const outcome = await waiting;
      return (outcome.ok && outcome.isUnread) || (await readyAt(arena, run)) !== null;
    },
  },
  {
    name: "a child ends while its parent parks",
    lock: /(?<=any \(p_run\) order by l\.run) for no key update skip locked/,
    isSound: async (arena) => {
      const parent = await arena.held();
      const child = newStart({ parent: { no: parent.no, key: "w", isAwaited: true } });
      await arena.store.commit({ kind: "advance", run: parent.no, fence: parent.fence, starts: [child] });
      const { runs } = await arena.store.lease({ incarnation: arena.worker, limit: 1, hasSuspect: false, holds: null });
      const held = runs[0];
      assert.ok(held);
      const parking = await arena.begin(park(parent, "child"));
      const next = { state: "completed", output: null } as const;
      const ending = arena.store.commit({ kind: "advance", run: held.no, fence: held.fence, next });
      await arena.asFarAsItGoes(ending);
      await parking.commit();
      await ending;
      return (await readyAt(arena, parent)) !== null;
    },
  },
  {
    name: "a start joins a batch that is being leased",
    lock: "shared",
    isSound: async ({ store, worker, beginWith, asFarAsItGoes, query }) => {
      const batch = (input: string) =>
        newStart({ input, flow: { batch: { key: "b", size: 10, waitMs: 100, bytesMax: 1_000 } } });
      await store.commit(batch("[1]"));
      await query("update clock set test_now = test_now + 200");
      const leasing = await beginWith("select * from schema.baton_lease($1, 10, 50::smallint)", [worker]);
      const joining = store.commit(batch("[2]"));
      await asFarAsItGoes(joining);
      await leasing.commit();
      const outcome = await joining;
      // The leased run works with the input that it had then.
      return outcome.ok && outcome.isCreated;
    },
  },
  {
    name: "a call joins a run that is ending",
    lock: "shared",
    isSound: async (arena) => {
      const key = { idempotencyKey: "k" };
      const target = await arena.store.commit(newStart({ ...key, leaseTo: arena.worker }));
      assert.ok(target.ok && "run" in target);
      const caller = await arena.held();
      const { no: run, fence } = target.run;
      const ending = await arena.begin({ kind: "advance", run, fence, next: { state: "completed", output: null } });
      const call = newStart({ ...key, parent: { no: caller.no, key: "w", isAwaited: true } });
      const joining = arena.store.commit({
        ...park(caller, "child"),
        opens: [{ key: "w", kind: "child", name: call.id }],
        starts: [call],
      });
      await arena.asFarAsItGoes(joining);
      await ending.commit();
      const outcome = await joining;
      return (outcome.ok && outcome.isUnread) || (await readyAt(arena, caller)) !== null;
    },
  },
];

if ((await noPostgres()) === false)
  describe("races of two sessions", () => {
    for (const { name, lock, isSound } of races) {
      it(`${name}: nothing is lost`, async (test) => {
        assert.equal(await isSound(await setup(test, null)), true);
      });
      it(`${name}: fails without its lock`, async (test) => {
        assert.equal(await isSound(await setup(test, lock)), false);
      });
    }
  });
