import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Entry } from "../../kernel/model/journal.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { Advance, EventIn } from "../../kernel/model/transition.ts";
import { newStart } from "./new-start.ts";
import type { Bench } from "./suite.ts";

const hourMs = 3_600_000;

function entry(seq: number, key: string, over: Partial<Entry> = {}): Entry {
  return { seq, key, kind: "step", outcome: "ok", value: "1", input: null, attempts: 1, tookMs: 0, ...over };
}

interface Worked extends Bench {
  lease(): Promise<LeasedRun>;
  advanceRun(run: LeasedRun, parts: Partial<Advance>): Promise<void>;
  emit(
    id: string,
    data: object,
    over?: { starts?: ReturnType<typeof newStart>[]; isRouted?: boolean },
  ): Promise<number>;
  /** Starts a run that fails with the given cause. */
  fail(fingerprint: string): Promise<LeasedRun>;
}

/** What every store guarantees for the queries of the console. */
export function describeConsole(name: string, open: () => Promise<Bench>): void {
  describe(`console queries, ${name}`, () => {
    const test = (title: string, body: (bench: Worked) => Promise<void>): void => {
      it(title, async () => {
        const bench = await open();
        try {
          await body(await worked(bench));
        } finally {
          await bench.close();
        }
      });
    };

    test("a view is saved under its name, replaced under the same name and removed once", async ({
      store,
      advance,
    }) => {
      const keep = (id: string, name: string, query: string) =>
        store.commit({ kind: "keep-view", id, name, query, actor: "ada" });
      const first = await keep("v1", "failed today", "status=failed");
      assert.ok(first.ok);
      assert.deepEqual([first.view?.id, first.view?.createdBy], ["v1", "ada"]);
      advance(1_000);
      await keep("v2", "all", "");
      const replaced = await keep("v3", "failed today", "status=failed&name=order");
      assert.ok(replaced.ok);
      assert.deepEqual([replaced.view?.id, replaced.view?.query], ["v1", "status=failed&name=order"]);
      assert.deepEqual(
        (await store.query("views", {})).map((view) => view.name),
        ["all", "failed today"],
      );
      const gone = await store.commit({ kind: "remove-view", id: "v1" });
      assert.ok(gone.ok && gone.view?.name === "failed today");
      const again = await store.commit({ kind: "remove-view", id: "v1" });
      assert.ok(again.ok && again.view === null);
    });

    test("the number of views is limited, but a view with a known name can be replaced", async ({ store }) => {
      for (let i = 0; i < 100; i++)
        await store.commit({ kind: "keep-view", id: `v${i}`, name: `view ${i}`, query: "", actor: "ada" });
      const one = { kind: "keep-view", id: "more", query: "", actor: "ada" } as const;
      assert.deepEqual(await store.commit({ ...one, name: "more" }), { ok: false, why: "full" });
      assert.ok((await store.commit({ ...one, name: "view 7" })).ok);
    });

    test("an event lists the runs that it has started and woken, and the waits for its name", async (bench) => {
      const { store, lease, advanceRun, emit } = bench;
      await store.commit(newStart());
      const waiter = await lease();
      await advanceRun(waiter, {
        opens: [{ key: "paid", kind: "event", name: "order.paid", match: { order: 7 } }],
        next: { state: "parked" },
      });
      const missed = await emit("e1", { order: 8 });
      assert.deepEqual(await store.query("eventRuns", { no: missed, limit: 20 }), []);
      assert.deepEqual(await store.query("eventWaits", { name: "order.paid", limit: 20 }), {
        waits: [{ run: waiter.id, definition: "order", key: "paid", match: '{"order":7}' }],
        total: 1,
      });
      const start = newStart();
      const met = await emit("e2", { order: 7 }, { starts: [start] });
      assert.deepEqual(await store.query("eventRuns", { no: met, limit: 20 }), [
        { id: start.id, definition: "order", how: "started" },
        { id: waiter.id, definition: "order", how: "woke" },
      ]);
      assert.equal((await store.query("eventWaits", { name: "order.paid", limit: 20 })).total, 0);
      const { acts, events } = await store.query("keyEntries", { runs: [waiter.no] });
      assert.deepEqual([acts, events.map((each) => each.name)], [[], ["order.paid"]]);
    });

    test("a note is recorded as an action on its run", async ({ store, advance }) => {
      await store.commit(newStart());
      const [row] = await store.query("runs", { before: null, limit: 1 });
      advance(10);
      await store.commit({ kind: "audit", run: row!.no, audit: { actor: "ada", verb: "note", why: "called them" } });
      const { acts } = await store.query("keyEntries", { runs: [row!.no] });
      assert.deepEqual(
        acts.map(({ actor, verb, why }) => [actor, verb, why]),
        [["ada", "note", "called them"]],
      );
    });

    test("runs report their progress and how long they have worked", async ({ store, lease, advanceRun, advance }) => {
      await store.commit(newStart());
      const run = await lease();
      advance(5_000);
      await advanceRun(run, { entries: [entry(1, "a", { tookMs: 4_000 })] });
      advance(10 * 60_000);
      await advanceRun(run, {
        entries: [entry(2, "rest", { kind: "sleep", tookMs: 600_000 }), entry(3, "b", { tookMs: 1_000 })],
      });
      const runTime = await store.query("runTime", { run: run.no });
      assert.equal(runTime.busyMs, 5_000);
      assert.equal(runTime.idle.length, 1);
      const [idle] = runTime.idle;
      assert.equal((idle?.to ?? 0) - (idle?.from ?? 0), 10 * 60_000 - 1_000);
      const progress = await store.query("progress", { runs: [run.no, run.no + 1] });
      assert.deepEqual(
        progress.map(({ run: no, steps }) => [no, steps]),
        [[run.no, 3]],
      );
      const [row] = await store.query("runsOf", { runs: [run.no] });
      assert.deepEqual([row?.id, row?.stepsDone], [run.id, 3]);
    });

    test("facets are the counts per status", async ({ store, lease, advanceRun, fail }) => {
      await store.commit(newStart({ key: "k" }));
      await advanceRun(await lease(), { next: { state: "completed", output: null } });
      await fail("f1");
      await store.commit(newStart({ key: "k" }));
      const facets = async (filter: object): Promise<Record<string, number>> =>
        Object.fromEntries(
          (await store.query("facets", { ...filter, before: null, limit: 1 }))
            .filter((each) => each.count > 0 && each.isExact)
            .map((each) => [each.status, each.count]),
        );
      assert.deepEqual(await facets({}), { completed: 1, failed: 1, pending: 1 });
      assert.deepEqual(await facets({ status: "failed" }), { completed: 1, failed: 1, pending: 1 });
      assert.deepEqual(await facets({ key: "k" }), { completed: 1, pending: 1 });
      assert.deepEqual(await facets({ createdFrom: 0, createdTo: 1 }), {});
    });

    test("hours, endings and causes report the results of runs", async ({
      store,
      fail,
      lease,
      advanceRun,
      advance,
    }) => {
      const { now } = await store.query("now", {});
      const first = Math.floor(now / hourMs);
      await fail("f1");
      advance(2 * hourMs);
      await fail("f2");
      await store.commit(newStart());
      await advanceRun(await lease(), { next: { state: "completed", output: null } });
      assert.deepEqual(await store.query("endings", { from: first, to: first + 1 }), [
        { definition: "order", ended: 1, failed: 1 },
      ]);
      assert.deepEqual(await store.query("endings", { from: first + 1, to: first + 3 }), [
        { definition: "order", ended: 2, failed: 1 },
      ]);
      const totals = await store.query("hourTotals", { from: first, to: first + 3 });
      const sum = (status: string) =>
        totals.filter((each) => each.status === status).reduce((n, each) => n + each.count, 0);
      assert.deepEqual([sum("started"), sum("failed"), sum("completed")], [3, 2, 1]);
      assert.deepEqual(await store.query("deadCount", {}), { count: 2 });
      const causes = await store.query("newestCauses", { limit: 10 });
      assert.deepEqual(
        causes.map(({ fingerprint, count, versions, fellAt }) => [fingerprint, count, versions, fellAt.length]),
        [
          ["f2", 1, [1], 1],
          ["f1", 1, [1], 1],
        ],
      );
      const recent = await store.query("recent", { definition: "order", limit: 10 });
      assert.deepEqual(
        recent.runs.map((run) => run.status),
        ["completed", "failed", "failed"],
      );
      assert.deepEqual(
        recent.steps.map((step) => [step.key, step.outcome]),
        [
          ["bad", "error"],
          ["bad", "error"],
        ],
      );
    });

    test("the runs that have waited longest are listed first", async ({ store, lease, advanceRun, advance }) => {
      const runs: LeasedRun[] = [];
      for (let i = 0; i < 3; i++) {
        await store.commit(newStart());
        const run = await lease();
        runs.push(run);
        await advanceRun(run, {
          opens: [{ key: "rest", kind: "timer", dueInMs: 10 * hourMs }],
          next: { state: "parked" },
        });
        advance(hourMs);
      }
      const { now } = await store.query("now", {});
      const waits = await store.query("longWaits", { since: now - 2 * hourMs, limit: 5 });
      assert.deepEqual(
        waits.map(({ run }) => run),
        runs.slice(0, 2).map(({ no }) => no),
      );
    });
  });
}

async function worked(bench: Bench): Promise<Worked> {
  const { store } = bench;
  const lease = async (): Promise<LeasedRun> => {
    const { incarnation } = await store.join({ name: "w", leaseMs: 60_000 });
    const { runs } = await store.lease({ incarnation, limit: 1, hasSuspect: false, holds: null });
    const [run] = runs;
    assert.ok(run !== undefined, "a run is ready");
    return run;
  };
  const advanceRun: Worked["advanceRun"] = async (run, parts) => {
    const outcome = await store.commit({ kind: "advance", run: run.no, fence: run.fence, ...parts });
    assert.ok(outcome.ok);
  };
  return {
    ...bench,
    lease,
    advanceRun,
    emit: async (id, data, { starts = [], isRouted = true } = {}) => {
      const event: EventIn = { name: "order.paid", data: JSON.stringify(data), source: "shop", id };
      const outcome = await store.commit({ kind: "event", event, isRouted, starts, refused: [] });
      return outcome.event;
    },
    fail: async (fingerprint) => {
      await store.commit(newStart());
      const run = await lease();
      const error = { name: "Error", message: `no ${fingerprint}` };
      await advanceRun(run, {
        entries: [entry(1, "bad", { outcome: "error", value: JSON.stringify(error) })],
        next: { state: "failed", error, fingerprint, step: "bad" },
      });
      return run;
    },
  };
}
