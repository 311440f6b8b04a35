import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workflow } from "baton";
import type { TestBaton } from "baton/testing";
import { createSimulator } from "../kit/simulation.ts";
import { startSources } from "./services.ts";
import { nightlySales, salesBackfill } from "./workflow.ts";

const day = "2026-01-15";

/** Queries the tables of the store's own file. */
const query = workflow<string>({ name: "query" }, (ctx, sql) => ctx.tx("query", (db) => db.query(sql)));
const read = async (test: TestBaton, sql: string): Promise<unknown[]> =>
  ((await (await test.start(query, sql)).result()) as object[]).map((row) => ({ ...row }));
const totals = "select count(*) as n, count(distinct id) as ids from sales";

describe("the data pipeline", () => {
  const { simulate, simulateCrashes } = createSimulator(startSources, [nightlySales, salesBackfill, query]);

  it("loads a day page by page, quarantines bad rows with the reason, and checks the sums", () =>
    simulate(async ({ test, done }) => {
      const run = await test.start(nightlySales, { day });
      assert.deepEqual(await run.result(), { rows: 96, bad: 4, cents: 14_304 });
      assert.deepEqual(await read(test, totals), [{ n: 96, ids: 96 }]);
      const quarantined = (await read(test, "select body, why from quarantine limit 1")) as {
        body: string;
        why: string;
      }[];
      assert.match(quarantined[0]?.body ?? "", /"n\/a"/);
      assert.match(quarantined[0]?.why ?? "", /expected number/);
      assert.equal(done(day).filter((operation) => operation === "shop.page").length, 5);
      assert.equal(done().at(-1), "chat.post");
    }));

  it("starts at two in the morning in Berlin for the day before", () =>
    simulate(async ({ test }) => {
      await test.advance("2d");
      const runs = await test.baton.runs({ name: "nightly-sales" });
      assert.deepEqual(runs.map((run) => [run.key, run.status, new Date(run.createdAt).toISOString()]).toReversed(), [
        ["sales:2025-12-31", "completed", "2026-01-01T01:00:00.000Z"],
        ["sales:2026-01-01", "completed", "2026-01-02T01:00:00.000Z"],
      ]);
    }));

  it("fails if a page fails, and resume extracts only that page", () =>
    simulate(async ({ test, systems, done }) => {
      systems.shop.injectFault("page", { mode: 503, only: '"page":2' });
      const run = await test.start(nightlySales, { day });
      await assert.rejects(run.result(), /503/);
      assert.deepEqual(await read(test, totals), [{ n: 77, ids: 77 }]);
      const before = done().length;
      systems.shop.clearFaults();
      await run.resume();
      assert.equal((await run.result()).rows, 96);
      assert.deepEqual(done().slice(before), ["shop.page", "chat.post"]);
      assert.deepEqual(await read(test, totals), [{ n: 96, ids: 96 }]);
    }));

  it("fails before the report is sent if the sums differ", () =>
    simulate(async ({ test, done }) => {
      await read(
        test,
        "create table sales (day text not null, id text not null, sku text not null, cents integer not null) strict",
      );
      await read(test, `insert into sales values ('${day}', 'by hand', 'lamp', 1) returning id`);
      const run = await test.start(nightlySales, { day });
      await assert.rejects(run.result(), /97 rows loaded and 4 quarantined, but the shop has 100/);
      assert.ok(!done().includes("chat.post"));
      await read(test, "delete from sales where id = 'by hand' returning id");
      await run.restart("count");
      assert.equal((await run.result()).rows, 96);
    }));

  it("backfills twenty days in three runs with one key, and loads each day once", () =>
    simulate(async ({ test }) => {
      const run = await test.start(salesBackfill, { from: "2025-11-01", to: "2025-11-20" });
      assert.deepEqual(await run.result(), { until: "2025-11-20" });
      assert.equal((await test.baton.runs({ name: "sales-backfill" })).length, 3);
      assert.deepEqual(
        await read(test, "select count(*) as n, count(distinct id) as ids, count(distinct day) as days from sales"),
        [{ n: 1_920, ids: 1_920, days: 20 }],
      );
    }));

  it("loads every row once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, retryOnCrash }) => {
      const run = await retryOnCrash(() => test.start(nightlySales, { day }, { idempotencyKey: day }));
      assert.deepEqual(await run.result(), { rows: 96, bad: 4, cents: 14_304 });
      test.crashAt(Number.MAX_SAFE_INTEGER);
      assert.deepEqual(await read(test, totals), [{ n: 96, ids: 96 }]);
    }));
});
