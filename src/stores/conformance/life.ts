import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RepairTransition } from "../../kernel/model/doctor.ts";
import type { RunFixture } from "../../kernel/model/fixture.ts";
import type { EraseRuns } from "../../kernel/model/life.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { definition, newStart } from "./new-start.ts";
import type { Bench } from "./suite.ts";

const audit = { actor: "test", verb: "test", why: "because" };

function erasure(runs: readonly string[], key: string | null = null): EraseRuns {
  return { kind: "erase", runs, key, isVacuumed: false, audit };
}

const fixture: RunFixture = {
  format: "baton-run",
  formatVersion: 1,
  exportedAt: "2026-01-01T00:00:00.000Z",
  definition: { ...definition, fingerprint: null },
  run: {
    id: "run_elsewhere",
    key: "order:7",
    status: "failed",
    round: 0,
    attributes: { region: "north" },
    input: '{"n":7}',
    output: null,
    error: { name: "Error", message: "no stock of seven", step: "reserve" },
    step: "reserve",
    reason: { code: "error", step: "reserve", error: "no stock of seven" },
    createdAt: 1,
    endedAt: 2,
  },
  entries: [
    { seq: 1, key: "find", kind: "step", outcome: "ok", value: '"found"', input: null, attempts: 1, tookMs: 1, at: 1 },
  ],
  attempts: [{ key: "reserve", number: 1, charged: true, outcome: "failed", error: null, tookMs: 1, round: 0, at: 2 }],
  waits: [],
  children: [],
};

interface LifeBench extends Bench {
  /** Starts a run, leases it and completes it. Returns its ID. */
  complete(over?: Partial<StartRun>, output?: string): Promise<string>;
}

async function completeRun(store: Store, over: Partial<StartRun> = {}, output = '"done"'): Promise<string> {
  const { incarnation } = await store.join({ name: "w", leaseMs: 60_000 });
  const outcome = await store.commit(newStart({ ...over, leaseTo: incarnation }));
  assert.ok(outcome.ok);
  const { no, id, fence } = outcome.run;
  await store.commit({ kind: "advance", run: no, fence, next: { state: "completed", output } });
  return id;
}

/** What every store guarantees for repair, erasure and import. */
export function describeLife(name: string, open: () => Promise<Bench>): void {
  describe(`repair, erasure and import, ${name}`, () => {
    const test = (title: string, body: (bench: LifeBench) => Promise<void>): void => {
      it(title, async () => {
        const bench = await open();
        try {
          await body({ ...bench, complete: (over, output) => completeRun(bench.store, over, output) });
          assert.deepEqual(await bench.store.query("violations", {}), []);
        } finally {
          await bench.close();
        }
      });
    };

    test("a repair of an intact run changes nothing, and is in the audit log", async ({ store, complete }) => {
      const id = await complete();
      const repair: RepairTransition = {
        kind: "repair",
        id: "m1",
        repair: "requeue",
        targets: [id],
        drifts: [],
        audit,
      };
      assert.equal((await store.commit(repair)).mended, 0);
      assert.equal((await store.query("run", { id }))?.row.status, "completed");
      const [row] = await store.query("audit", { run: null, before: null, limit: 1 });
      assert.equal(row?.detail, '{"repair":"requeue","mended":0}');
    });

    test("a repair is applied once per ID", async ({ store, complete }) => {
      await complete();
      const count = { of: "runs", definition: 1, status: "failed", delta: 3, counted: 0 } as const;
      const repair: RepairTransition = {
        kind: "repair",
        id: "m2",
        repair: "recount",
        targets: [],
        drifts: [count],
        audit,
      };
      assert.equal((await store.commit(repair)).mended, 1);
      assert.equal((await store.commit(repair)).mended, 0);
      assert.deepEqual(await store.query("counterDrift", {}), [{ ...count, delta: -3, counted: 3 }]);
      const back: RepairTransition = { ...repair, id: "m3", drifts: await store.query("counterDrift", {}) };
      await store.commit(back);
    });

    test("an erasure removes children, keys and values, and a repeated one changes nothing", async ({
      store,
      complete,
    }) => {
      const parent = await complete({ idempotencyKey: "once" }, JSON.stringify("x".repeat(20_000)));
      const no = (await store.query("run", { id: parent }))?.row.no ?? 0;
      const child = await complete({ parent: { no, key: "child", isAwaited: false } });
      const other = await complete();
      const outcome = await store.commit(erasure([parent]));
      assert.ok(outcome.ok);
      assert.equal(outcome.erased.runs, 2);
      for (const id of [parent, child]) assert.equal(await store.query("run", { id }), null);
      assert.notEqual(await store.query("run", { id: other }), null);
      const again = await store.commit(erasure([parent]));
      assert.deepEqual(again.ok && again.erased, { runs: 0, events: 0, files: 0 });
      const started = await store.commit(newStart({ idempotencyKey: "once", inputHash: "another" }));
      assert.ok(started.ok && started.isCreated, "its idempotency key is free");
    });

    test("an erasure removes nothing if one run has not ended", async ({ store, complete }) => {
      const done = await complete();
      const live = await store.commit(newStart());
      assert.ok(live.ok);
      assert.deepEqual(await store.commit(erasure([done, live.run.id])), { ok: false, why: "live", run: live.run.id });
      assert.notEqual(await store.query("run", { id: done }), null);
    });

    test("an erasure keeps only the hash of a key, and no reasons given for its runs", async ({ store, complete }) => {
      const id = await complete({ key: "person:ada" });
      const rerun = newStart({ key: "person:ada", audit: { ...audit, runId: id, why: "ada asked" } });
      await store.commit(rerun);
      const { no = 0 } = (await store.query("run", { id }))?.row ?? {};
      assert.equal((await store.query("audit", { run: no, before: null, limit: 5 }))[0]?.why, "ada asked");
      await store.commit(erasure([id], "person:ada"));
      const rows = await store.query("audit", { run: null, before: null, limit: 10 });
      assert.ok(rows.every((row) => !JSON.stringify(row).includes("ada")));
      assert.match(rows[0]?.detail ?? "", /"keySha256":"[0-9a-f]{64}"/);
    });

    test("an imported run has ended, is counted and found, and is never leased", async ({ store }) => {
      const imported = await store.commit({ kind: "import", id: "run_here", fixture, audit });
      assert.equal(imported.imported, "run_here");
      await store.commit({ kind: "import", id: "run_here", fixture, audit });
      const run = await store.query("run", { id: "run_here" });
      assert.equal(run?.row.status, "failed");
      assert.deepEqual(run?.row.reason, { code: "imported", run: "run_elsewhere", status: "failed" });
      assert.equal(run?.entries[0]?.value, '"found"');
      assert.deepEqual(await store.query("deadGroups", { limit: 10 }), []);
      const { incarnation } = await store.join({ name: "w", leaseMs: 60_000 });
      const { runs } = await store.lease({ incarnation, limit: 10, hasSuspect: false, holds: null });
      assert.deepEqual(runs, []);
      const found = await store.query("runs", {
        attribute: { name: "region", value: "north" },
        before: null,
        limit: 5,
      });
      assert.deepEqual(
        found.map((each) => each.id),
        ["run_here"],
      );
    });

    test("values of every size are read back unchanged, and sizes add up", async ({ store, complete, hasFiles }) => {
      for (const length of [10, 5_000, 300_000]) {
        const text = JSON.stringify("ü".repeat(length));
        const id = await complete({}, text);
        const no = (await store.query("run", { id }))?.row.no ?? 0;
        assert.equal(await store.query("output", { run: no }), text);
      }
      const { definitions, files } = await store.query("sizes", {});
      assert.equal(definitions[0]?.runs, 3);
      assert.equal(definitions[0]?.sampled, 3);
      assert.deepEqual({ ...files }, hasFiles ? { count: 1, bytes: 600_002 } : { count: 0, bytes: 0 });
    });
  });
}
