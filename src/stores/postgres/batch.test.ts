import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import pg from "pg";
import { freshSchema, noPostgres } from "../../../test/postgres/server.ts";
import { systemClock } from "../../app/platform.ts";
import type { Entry } from "../../kernel/model/journal.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { Advance } from "../../kernel/model/transition.ts";
import { newStart } from "../conformance/new-start.ts";
import { readAddress } from "./address.ts";
import { Batch, commitText, encode, type Known } from "./batch.ts";
import { Shapes } from "./shapes.ts";
import { PostgresStore } from "./store.ts";

async function setup(test: TestContext, count: number) {
  const stores: PostgresStore[] = [];
  test.after(async () => {
    for (const store of stores) await store.close();
  });
  const schema = await freshSchema(test);
  const notifier = { publish: () => {}, subscribe: () => () => {} };
  const store = await PostgresStore.open(schema.url, { notifier, clock: systemClock, seat: 0, hasHints: false });
  stores.push(store);
  const { incarnation } = await store.join({ name: "w", leaseMs: 60_000 });
  const starts = Array.from({ length: count }, () => newStart({ leaseTo: incarnation }));
  const outcomes = await Promise.all(starts.map((start) => store.commit(start)));
  const runs = outcomes.map((outcome) => {
    assert.ok(outcome.ok && outcome.isLeased);
    return outcome.run;
  });
  const advance = (run: LeasedRun | undefined, parts: Partial<Advance>) =>
    store.commit({ kind: "advance", run: run?.no ?? 0, fence: run?.fence ?? 0, ...parts });
  return { schema, store, starts, runs, advance };
}

const entry = (seq: number): Entry => ({
  seq,
  key: `k${seq}`,
  kind: "step",
  outcome: "ok",
  value: String(seq),
  input: null,
  attempts: 1,
  tookMs: 0,
});

const done = { state: "completed", output: '{"a":"\\"\\u001f\\\\"}' } as const;

describe("a batch on Postgres", { skip: await noPostgres() }, () => {
  it("is not affected by a stale fence or by a run that nothing could wake", async (test) => {
    const { store, runs, advance } = await setup(test, 9);
    const outcomes = await Promise.allSettled(
      runs.map((run, i) => {
        if (i === 2) return advance({ ...run, fence: 7 }, { next: done });
        return advance(run, i === 5 ? { next: { state: "parked" } } : { entries: [entry(1)], next: done });
      }),
    );
    assert.deepEqual(
      outcomes.map((each) => (each.status === "rejected" ? "error" : each.value.ok)),
      [true, true, false, true, true, "error", true, true, true],
    );
    assert.equal((await store.query("counts", {})).find((row) => row.status === "completed")?.count, 7);
    assert.deepEqual(await store.query("violations", {}), []);
    assert.equal(await store.query("output", { run: runs[0]?.no ?? 0 }), done.output);
  });

  it("applies several transitions of one run in order, and none after its end", async (test) => {
    const { store, runs, advance } = await setup(test, 1);
    const [run] = runs;
    const wait = { key: "w", kind: "timer", dueInMs: 60_000 } as const;
    const outcomes = await Promise.all([
      advance(run, { entries: [entry(1)], opens: [wait] }),
      advance(run, { entries: [entry(2)], closes: ["w"] }),
      advance(run, { next: done }),
      advance(run, { entries: [entry(3)] }),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.ok),
      [true, true, true, false],
    );
    const steps = await store.query("steps", { run: run?.no ?? 0, after: 0, limit: 10 });
    assert.deepEqual(
      steps.map((each) => each.key),
      ["k1", "k2"],
    );
    assert.deepEqual(await store.query("violations", {}), []);
  });

  it("returns the same result for a repeated start, without a second run", async (test) => {
    const { store, starts, runs } = await setup(test, 3);
    const again = await Promise.all(starts.map((start) => store.commit(start)));
    assert.deepEqual(
      again.map((outcome) => outcome.ok && [outcome.run.no, outcome.isLeased]),
      runs.map((run) => [run.no, true]),
    );
    assert.equal((await store.query("count", { before: null, limit: 1 })).count, 3);
  });

  it("creates one run for several starts with one idempotency key", async (test) => {
    const { store } = await setup(test, 1);
    const outcomes = await Promise.all([1, 2, 3].map(() => store.commit(newStart({ idempotencyKey: "same" }))));
    assert.equal(new Set(outcomes.map((outcome) => outcome.ok && outcome.run.id)).size, 1);
    assert.deepEqual(outcomes.map((outcome) => outcome.ok && outcome.isCreated).sort(), [false, false, true]);
  });

  it("continues with the others while another session locks one run", async (test) => {
    const { schema, runs, advance } = await setup(test, 3);
    const other = new pg.Client({ connectionString: readAddress(schema.url).url });
    await other.connect();
    test.after(() => other.end());
    await other.query("begin");
    await other.query(`select 1 from ${schema.schema}.live where run = $1 for update`, [runs[1]?.no]);
    const ended: number[] = [];
    const all = runs.map((run, i) => advance(run, { next: done }).then(() => ended.push(i)));
    await Promise.all([all[0], all[2]]);
    assert.deepEqual(ended.sort(), [0, 2]);
    await other.query("commit");
    await all[1];
  });

  it("refuses a delayed batch if its sender has sent a later one", async (test) => {
    const { schema, runs } = await setup(test, 1);
    const [run] = runs;
    const client = new pg.Client({ connectionString: readAddress(schema.url).url });
    await client.connect();
    test.after(() => client.end());
    const known: Known = { shapes: new Shapes(async () => []), isLarge: () => false, definitionOf: () => 1 };
    const send = async (number: number, parts: Partial<Advance>) => {
      const batch = new Batch();
      batch.addAdvance({ kind: "advance", run: run?.no ?? 0, fence: run?.fence ?? 0, ...parts });
      const sender = { id: 7, writer: 0, batch: number };
      const parameters = encode(batch, { sender, shard: 50, schema: schema.schema, known });
      return client.query(commitText(schema.schema, parameters), [...parameters]);
    };
    await send(2, { opens: [{ key: "w", kind: "timer", dueInMs: 1 }] });
    await send(3, { closes: ["w"] });
    // The first attempt of the batch that was sent again as number 2.
    await assert.rejects(send(1, { opens: [{ key: "w", kind: "timer", dueInMs: 1 }] }), { code: "BT003" });
    assert.deepEqual(await schema.query("select key from waits"), []);
  });
});
