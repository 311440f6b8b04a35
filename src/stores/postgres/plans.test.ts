import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { freshSchema, noPostgres } from "../../../test/postgres/server.ts";
import { systemClock } from "../../app/platform.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { Advance, Next } from "../../kernel/model/transition.ts";
import { newStart } from "../conformance/new-start.ts";
import { PostgresStore } from "./store.ts";

/** Parked runs next to the active ones. */
const sleepers = 20_000;
/** Active runs. */
const runs = 60;
/** Rows that the hot paths may read from one table for each active run. A scan of the sleepers would be hundreds. */
const readsMax = 40;

const analyze = (tables: readonly string[]): string => tables.map((table) => `analyze ${table}`).join(";");
const hot = ["live", "runs", "waits", "steps", "inbox", "events", "event_keys"] as const;

/** Planner statistics: none, of empty tables, current, with far too many rows, and of a queue that no longer exists. */
const statistics: Readonly<Record<string, { readonly before?: string; readonly after?: string }>> = {
  none: {},
  empty: { before: analyze(hot) },
  fresh: { after: analyze(hot) },
  huge: {
    after: `update pg_class set reltuples = 1e8, relpages = 1e6 where relnamespace = current_schema()::regnamespace and relkind = 'r'`,
  },
  stale: { after: `${analyze(hot)}; delete from waits; delete from live; delete from runs` },
};

async function setup(test: TestContext, kind: string) {
  const schema = await freshSchema(test);
  const notifier = { publish: () => {}, subscribe: () => () => {} };
  const open = () => PostgresStore.open(schema.url, { notifier, clock: systemClock, seat: 0, hasHints: false });
  const store = await open();
  const { incarnation } = await store.join({ name: "w", leaseMs: 60_000 });
  await store.commit(newStart({ leaseTo: incarnation }));
  await schema.query(statistics[kind]?.before ?? "select 1");
  await schema.query(
    `insert into runs (no, id, definition, input, origin, event_floor, created_at)
     select g, 'sleeper_' || g, 1, 'null', '{}', 0, 1 from generate_series(1000001, 1000000 + $1) g`,
    [sleepers],
  );
  await schema.query(
    `insert into live (run, definition, state, ready_at, fence, is_touched)
     select g, 1, 2, 9000000000000, 1, 1 from generate_series(1000001, 1000000 + $1) g`,
    [sleepers],
  );
  await schema.query(
    `insert into waits (run, key, kind, no, due_at, since)
     select g, 'nap', 'timer', g, 9000000000000, 1 from generate_series(1000001, 1000000 + $1) g`,
    [sleepers],
  );
  await schema.query(statistics[kind]?.after ?? "select 1");
  const reads = async (): Promise<ReadonlyMap<string, number>> =>
    new Map(
      (
        await schema.query<{ name: string; reads: string }>(
          `select relname as name, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as reads
           from pg_stat_user_tables where schemaname = current_schema()`,
        )
      ).map((row) => [row.name, Number(row.reads)]),
    );
  const advance = (run: LeasedRun, parts: Partial<Advance>) =>
    store.commit({ kind: "advance", run: run.no, fence: run.fence, ...parts });
  return { store, incarnation, reads, advance, schema };
}

const result = (seq: number): Pick<Advance, "entries"> => ({
  entries: [{ seq, key: `k${seq}`, kind: "step", outcome: "ok", value: "1", input: null, attempts: 1, tookMs: 1 }],
});
const completed: Next = { state: "completed", output: null };

describe("the hot paths on PostgreSQL", { skip: await noPostgres() }, () => {
  for (const kind of Object.keys(statistics)) {
    it(`read only their own rows with ${kind} statistics`, async (test) => {
      const { store, incarnation, reads, advance, schema } = await setup(test, kind);
      const before = await reads();
      for (let left = runs; left > 0; left -= 10) {
        // Half are leased with their start, half by a poll.
        const starts = Array.from({ length: 10 }, (_, i) => newStart(i % 2 === 0 ? { leaseTo: incarnation } : {}));
        const outcomes = await Promise.all(starts.map((start) => store.commit(start)));
        const mine = outcomes.flatMap((outcome) => (outcome.ok && outcome.isLeased ? [outcome.run] : []));
        const leased = await store.lease({ incarnation, limit: 10, hasSuspect: false, holds: null });
        const held = [...mine, ...leased.runs];
        assert.equal(held.length, 10);
        await Promise.all(held.map((run) => advance(run, result(1))));
        await Promise.all(
          held.map((run, i) =>
            advance(run, {
              opens: [{ key: "go", kind: "event", name: "go", match: { id: `${left}-${i}` } }],
              next: { state: "parked" },
            }),
          ),
        );
        await Promise.all(
          held.map((_, i) =>
            store.commit({
              kind: "event",
              event: { name: "go", data: `{"id":"${left}-${i}"}`, source: "test", id: `${left}-${i}` },
              isRouted: true,
              starts: [],
              refused: [],
            }),
          ),
        );
        const woken = await store.lease({ incarnation, limit: 10, hasSuspect: false, holds: null });
        assert.equal(woken.runs.length, 10);
        await store.beat({ incarnation, leaseMs: 60_000 });
        for (const run of woken.runs) {
          const journal = await store.load({ run: run.no, fence: run.fence });
          const [arrival] = journal?.arrivals ?? [];
          await advance(run, { ...result(2), closes: ["go"], read: [arrival?.id ?? 0], next: completed });
        }
      }
      // The connections report what they have read when they close.
      await store.close();
      const after = await settled(reads, schema);
      const perRun = Object.fromEntries(
        hot.map((table) => [table, ((after.get(table) ?? 0) - (before.get(table) ?? 0)) / runs]),
      );
      for (const [table, count] of Object.entries(perRun))
        assert.ok(count <= readsMax, `${table}: ${count} rows for each run; ${JSON.stringify(perRun)}`);
      assert.ok((perRun["live"] ?? 0) > 1, "the reads were counted");
    });
  }
});

/** The counts once they have not changed between two reads. */
async function settled(
  reads: () => Promise<ReadonlyMap<string, number>>,
  { query }: { query: (sql: string) => Promise<unknown> },
): Promise<ReadonlyMap<string, number>> {
  let last = await reads();
  for (let i = 0; i < 20; i++) {
    await query("select pg_sleep(0.1)");
    const next = await reads();
    if ([...next].every(([table, count]) => last.get(table) === count)) return next;
    last = next;
  }
  return last;
}
