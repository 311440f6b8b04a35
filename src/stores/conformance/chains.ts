import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Entry } from "../../kernel/model/journal.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Advance, Intervene } from "../../kernel/model/transition.ts";
import { newStart } from "./new-start.ts";
import type { Bench } from "./suite.ts";

const leaseMs = 600_000;
const day = 86_400_000;

interface Tools {
  readonly worker: number;
  lease(): Promise<LeasedRun>;
  advance(
    run: LeasedRun,
    parts: Partial<Advance>,
  ): Promise<Extract<Awaited<ReturnType<Bench["store"]["commit"]>>, object>>;
  continueAs(run: LeasedRun, over?: Partial<StartRun>): Promise<LeasedRun>;
  /** What people do with a run of which they know this part. */
  request(run: LeasedRun, verb: "cancel" | "suspend"): ReturnType<Bench["store"]["commit"]>;
  waitFor(run: LeasedRun, key: string, match?: Readonly<Record<string, string>>): Promise<void>;
  read(run: LeasedRun): Promise<readonly string[]>;
}

function toolsOf({ store }: Bench, worker: number): Tools {
  const lease = async (): Promise<LeasedRun> => {
    const { runs } = await store.lease({ incarnation: worker, limit: 1, hasSuspect: false, holds: null });
    return runs[0] ?? assert.fail("a run is ready");
  };
  const advance: Tools["advance"] = (run, parts) =>
    store.commit({ kind: "advance", run: run.no, fence: run.fence, ...parts });
  return {
    worker,
    lease,
    advance,
    continueAs: async (run, over = {}) => {
      const outcome = await advance(run, { next: { state: "completed", output: null, continuesAs: newStart(over) } });
      assert.deepEqual([outcome.ok, "isUnread" in outcome && outcome.isUnread], [true, false]);
      return lease();
    },
    request: (run, verb) => {
      const reason = { code: "by-person", by: "ada", why: null } as const;
      const act: Intervene = {
        kind: "intervene",
        run: run.no,
        seen: { fence: 0, round: 0 },
        isUnconditional: true,
        idle: verb === "cancel" ? { to: "cancelled", reason } : { to: "suspended", reason },
        held: { verb, actor: "ada", why: null },
        audit: { actor: "ada", verb, why: null },
      };
      return store.commit(act);
    },
    waitFor: async (run, key, match = {}) => {
      const opens = [{ key, kind: "event", name: "number", match }] as const;
      assert.ok((await advance(run, { opens })).ok);
    },
    read: async (run) => {
      const journal = await store.load({ run: run.no, fence: run.fence, part: "arrivals" });
      return (journal?.arrivals ?? []).map(({ kind, body }) =>
        kind === "event" ? (JSON.parse(body ?? "{}") as { id: string }).id : kind,
      );
    },
  };
}

function entry(seq: number, key: string, over: Partial<Entry> = {}): Entry {
  return { seq, key, kind: "step", outcome: "ok", value: null, input: null, attempts: 1, tookMs: 1, ...over };
}

/** Starts that did not create a run, and runs that continue as new ones. */
export function describeChains(name: string, open: () => Promise<Bench>): void {
  const test = (title: string, body: (bench: Bench, tools: Tools) => Promise<void>): void => {
    it(title, async () => {
      const bench = await open();
      try {
        const { incarnation } = await bench.store.join({ name: "w1", leaseMs });
        await body(bench, toolsOf(bench, incarnation));
        assert.deepEqual(await bench.store.query("violations", {}), [], "no invariant is violated");
      } finally {
        await bench.close();
      }
    });
  };
  const emit = async ({ store }: Bench, id: string, data: unknown = null): Promise<void> => {
    const event = { name: "number", id, source: "api", data: JSON.stringify(data) };
    await store.commit({ kind: "event", event, isRouted: true, starts: [], refused: [] });
  };
  const readAll = async ({ store }: Bench, run: LeasedRun): Promise<readonly number[]> => {
    const journal = await store.load({ run: run.no, fence: run.fence, part: "arrivals" });
    return (journal?.arrivals ?? []).map(({ id }) => id);
  };

  describe(`chains: ${name}`, () => {
    test("a request that the part has not read is obeyed instead of a continuation", async (bench, tools) => {
      for (const [verb, status] of [
        ["cancel", "cancelled"],
        ["suspend", "suspended"],
      ] as const) {
        await bench.store.commit(newStart());
        const first = await tools.lease();
        const second = await tools.continueAs(first);
        // By the number of the first part, which has ended: it reaches the part that is open.
        assert.deepEqual((await tools.request(first, verb)).ok, true);
        const next = { state: "completed", output: null, continuesAs: newStart() } as const;
        const outcome = await tools.advance(second, { next });
        assert.ok("isUnread" in outcome && outcome.isUnread, `${verb} is not lost`);
        const detail = await bench.store.query("run", { id: first.id });
        assert.equal(detail?.lastPart?.id, second.id, "there is no third part");
        assert.equal((await bench.store.query("run", { id: second.id }))?.row.status, status);
        if (verb === "suspend")
          await tools.request(first, "cancel").then(({ ok }) => assert.equal(ok, false, "unseen"));
      }
    });

    test("an unconditional request reaches an idle part whatever has changed", async ({ store }, tools) => {
      await store.commit(newStart());
      const first = await tools.lease();
      const start = newStart();
      await tools.advance(first, { next: { state: "completed", output: null, continuesAs: start } });
      assert.ok((await tools.request(first, "cancel")).ok);
      assert.equal((await store.query("run", { id: start.id }))?.row.status, "cancelled");
      assert.equal((await tools.request(first, "cancel")).ok, false, "it has ended");
    });

    test("a chain receives each event once, and the next part the unread ones", async (bench, tools) => {
      await bench.store.commit(newStart());
      let run = await tools.lease();
      for (let n = 0; n < 60; n++) await emit(bench, `e${n}`);
      for (let n = 0; n < 60; n++) {
        await tools.waitFor(run, "wait");
        assert.deepEqual(await tools.read(run), [`e${n}`], `round ${n}`);
        // Every fifth event is delivered and not read before the run continues.
        const read = n % 5 === 4 ? [] : await readAll(bench, run);
        if (read.length === 0) {
          run = await tools.continueAs(run);
          await tools.waitFor(run, "other");
          assert.deepEqual(await tools.read(run), [`e${n}`], `round ${n} again`);
          await tools.advance(run, { closes: ["other"], read: await readAll(bench, run) });
        } else await tools.advance(run, { closes: ["wait"], read });
        run = await tools.continueAs(run);
      }
      await tools.waitFor(run, "wait");
      assert.deepEqual(await tools.read(run), []);
      await emit(bench, "last");
      assert.deepEqual(await tools.read(run), ["last"]);
      const sizes = await bench.store.query("event", { no: 1 });
      assert.equal(sizes?.matched, 1);
    });

    test("another wait finds an event that a mark of the first has not passed", async (bench, tools) => {
      await bench.store.commit(newStart());
      let run = await tools.lease();
      for (let n = 0; n < 40; n++) await emit(bench, `a${n}`, { kind: n === 3 ? "b" : "a" });
      for (let n = 0; n < 39; n++) {
        await tools.waitFor(run, "wait", { kind: "a" });
        await tools.advance(run, { closes: ["wait"], read: await readAll(bench, run) });
        run = await tools.continueAs(run);
      }
      await tools.waitFor(run, "b", { kind: "b" });
      assert.deepEqual(await tools.read(run), ["a3"]);
      await tools.advance(run, { closes: ["b"], read: await readAll(bench, run) });
      run = await tools.continueAs(run);
      await tools.waitFor(run, "any");
      assert.deepEqual(await tools.read(run), [], "all have been received, by one wait or another");
    });

    test("a cancel reaches the children that earlier parts have started", async ({ store }, tools) => {
      await store.commit(newStart());
      let run = await tools.lease();
      const children: StartRun[] = [];
      for (let n = 0; n < 3; n++) {
        const child = newStart({ parent: { no: run.no, key: "child", isAwaited: false }, delayMs: day });
        children.push(child);
        await tools.advance(run, { entries: [entry(1, "child", { kind: "start" })], starts: [child] });
        run = await tools.continueAs(run);
      }
      await tools.advance(run, { next: { state: "cancelled", reason: { code: "by-person", by: "ada", why: null } } });
      for (const { id } of children) assert.equal((await store.query("run", { id }))?.row.status, "cancelled");
    });

    test("its attributes and deadline are those of the chain, and its kept slot is not given away", async (bench, tools) => {
      const flow = { slots: [{ key: "lane", limit: 1, isKept: true }], deadlineMs: 60_000 };
      await bench.store.commit(newStart({ flow, attributes: '{"a":"1","b":"1"}' }));
      const first = await tools.lease();
      const waiting = newStart({ flow });
      await bench.store.commit(waiting);
      await tools.advance(first, { attributes: '{"b":"2"}' });
      bench.advance(10_000);
      const second = await tools.continueAs(first, { flow });
      const { row } = (await bench.store.query("run", { id: second.id })) ?? assert.fail();
      assert.deepEqual(row.attributes, { a: "1", b: "2" });
      assert.equal(second.deadlineAt, first.deadlineAt);
      assert.equal((await bench.store.query("run", { id: waiting.id }))?.row.reason?.code, "slot");
      await tools.advance(second, { next: { state: "completed", output: null } });
      assert.equal((await tools.lease()).id, waiting.id);
    });

    test("its deadline holds for a part whose version sets none", async (bench, tools) => {
      await bench.store.commit(newStart({ flow: { deadlineMs: 60_000 } }));
      const first = await tools.lease();
      const second = await tools.continueAs(first);
      assert.equal(second.deadlineAt, first.deadlineAt);
      await tools.advance(second, { next: { state: "completed", output: null } });
    });

    test("the first part stays, with its key and children, until the chain has ended", async (bench, tools) => {
      const retention = { completedMs: day, failedMs: day, eventMs: day, limit: 100 };
      const key = { idempotencyKey: "k" };
      await bench.store.commit(newStart(key));
      const first = await tools.lease();
      await emit(bench, "early");
      await tools.waitFor(first, "wait");
      const child = newStart({ parent: { no: first.no, key: "child", isAwaited: false } });
      await tools.advance(first, {
        closes: ["wait"],
        read: await readAll(bench, first),
        entries: [entry(1, "child", { kind: "start" })],
        starts: [child],
      });
      const other = await tools.lease();
      await tools.advance(other, { next: { state: "completed", output: null } });
      const second = await tools.continueAs(first);
      const third = await tools.continueAs(second);
      bench.advance(9 * day);
      const { incarnation } = await bench.store.join({ name: "w2", leaseMs });
      await bench.store.sweep(retention);
      assert.ok(await bench.store.query("run", { id: first.id }));
      assert.ok(await bench.store.query("run", { id: child.id }));
      assert.equal(await bench.store.query("run", { id: second.id }), null, "a part in the middle may go");
      const again = await bench.store.commit(newStart(key));
      assert.ok(again.ok && !again.isCreated && again.run.id === first.id);
      await bench.store.lease({ incarnation, limit: 1, hasSuspect: false, holds: null });
      const last = (await bench.store.query("run", { id: third.id })) ?? assert.fail();
      assert.ok((await tools.request(first, "cancel")).ok, `by the first part: ${last.row.status}`);
      await bench.store.sweep(retention);
      assert.ok(await bench.store.query("run", { id: first.id }), "it is kept as long as the last part");
    });

    test("an erasure removes all parts", async ({ store }, tools) => {
      await store.commit(newStart());
      const first = await tools.lease();
      const second = await tools.continueAs(first);
      const audit = { actor: "ada", verb: "erase", why: null };
      const act = { kind: "erase", runs: [first.id], key: null, isVacuumed: false, audit } as const;
      assert.deepEqual(await store.commit(act), { ok: false, why: "live", run: second.id });
      await tools.advance(second, { next: { state: "completed", output: null } });
      const outcome = await store.commit(act);
      assert.ok(outcome.ok);
      for (const id of [first.id, second.id]) assert.equal(await store.query("run", { id }), null);
    });
  });

  describe(`start outcomes: ${name}`, () => {
    test("a call that joins a run waits for it and gets its end", async ({ store }, tools) => {
      const key = { idempotencyKey: "k" };
      const target = newStart(key);
      await store.commit(target);
      const held = await tools.lease();
      await store.commit(newStart());
      const caller = await tools.lease();
      const call = newStart({ ...key, parent: { no: caller.no, key: "call", isAwaited: true } });
      const parts = { opens: [{ key: "call", kind: "child", name: call.id }], starts: [call] } as const;
      const outcome = await tools.advance(caller, { ...parts, next: { state: "parked" } });
      assert.deepEqual("diverted" in outcome && outcome.diverted, [{ key: "call", run: target.id }]);
      assert.equal((await store.query("run", { id: call.id }))?.row.id, undefined, "it was not created");
      assert.deepEqual((await store.query("run", { id: caller.id }))?.row.reason, {
        code: "child",
        step: "call",
        run: target.id,
        since: (await store.query("run", { id: caller.id }))?.waits[0]?.since,
      });
      const next = await tools.continueAs(held);
      await tools.advance(next, { next: { state: "completed", output: '"done"' } });
      const woken = await tools.lease();
      assert.equal(woken.id, caller.id);
      const journal = await store.load({ run: woken.no, fence: woken.fence });
      const { status, output } = JSON.parse(journal?.arrivals[0]?.body ?? "{}") as { status: string; output: string };
      assert.deepEqual([status, output], ["completed", '"done"']);
      await tools.advance(woken, {
        entries: [entry(1, "call", { kind: "child" })],
        closes: ["call"],
        read: (journal?.arrivals ?? []).map(({ id }) => id),
        next: { state: "completed", output: null },
      });
    });

    test("two calls that join one run that has ended get its result at once", async ({ store }, tools) => {
      const key = { idempotencyKey: "k" };
      await store.commit(newStart(key));
      await tools.advance(await tools.lease(), { next: { state: "completed", output: "7" } });
      await store.commit(newStart());
      const caller = await tools.lease();
      for (const name of ["a", "b"]) {
        const call = newStart({ ...key, parent: { no: caller.no, key: name, isAwaited: true } });
        await tools.advance(caller, { opens: [{ key: name, kind: "child", name: call.id }], starts: [call] });
      }
      const journal = await store.load({ run: caller.no, fence: caller.fence, part: "arrivals" });
      assert.deepEqual(
        journal?.arrivals.map((each) => each.key),
        ["a", "b"],
      );
      const closes = ["a", "b"];
      await tools.advance(caller, { closes, next: { state: "completed", output: null } });
    });

    test("a refused call has no wait, and its run is not parked", async ({ store }, tools) => {
      const flow = { rate: { key: "r", limit: 1, perMs: 60_000 } };
      await store.commit(newStart({ flow }));
      await tools.advance(await tools.lease(), { next: { state: "completed", output: null } });
      await store.commit(newStart());
      const caller = await tools.lease();
      const call = newStart({ flow, parent: { no: caller.no, key: "call", isAwaited: true } });
      const parts = { opens: [{ key: "call", kind: "child", name: call.id }], starts: [call] } as const;
      const outcome = await tools.advance(caller, { ...parts, next: { state: "parked" } });
      assert.ok("diverted" in outcome && outcome.isUnread, "the holder keeps it");
      const [refused] = outcome.diverted ?? [];
      assert.ok(refused !== undefined && "error" in refused && refused.error.code === "rate-limited");
      assert.deepEqual((await store.query("run", { id: caller.id }))?.waits, []);
      await tools.advance(caller, { next: { state: "completed", output: null } });
    });

    test("a start records the run that works or the refusal, also when its answer was lost", async ({
      store,
    }, tools) => {
      const key = { idempotencyKey: "k" };
      const target = newStart(key);
      await store.commit(target);
      const held = await tools.lease();
      await store.commit(newStart());
      const caller = await tools.lease();
      const parent = (step: string) => ({ parent: { no: caller.no, key: step, isAwaited: false } });
      const joined = newStart({ ...key, ...parent("a") });
      const skipping = { singleton: { key: "s", mode: "skip" as const } };
      await store.commit(newStart({ flow: skipping }));
      const skipped = newStart({ flow: skipping, ...parent("b") });
      const started = (seq: number, start: StartRun) => ({
        entries: [
          entry(seq, start.parent?.key ?? "", { kind: "start" as const, value: JSON.stringify({ id: start.id }) }),
        ],
        starts: [start],
      });
      const first = await tools.advance(caller, started(1, joined));
      const second = await tools.advance(caller, started(2, skipped));
      // The run that was joined ends, and so do the reasons for the refusal: a repeated advance changes nothing.
      await tools.advance(held, { next: { state: "completed", output: null } });
      await tools.advance(await tools.lease(), { next: { state: "completed", output: null } });
      for (const [outcome, again] of [
        [first, await tools.advance(caller, started(1, joined))],
        [second, await tools.advance(caller, started(2, skipped))],
      ]) {
        assert.ok(outcome !== undefined && again !== undefined && "diverted" in outcome && "diverted" in again);
        assert.deepEqual(again.diverted, outcome.diverted);
      }
      const { entries } = (await store.query("run", { id: caller.id })) ?? assert.fail();
      assert.deepEqual([entries[0]?.outcome, entries[0]?.value], ["ok", JSON.stringify({ id: target.id })]);
      assert.equal(entries[1]?.outcome, "error");
      assert.equal((JSON.parse(entries[1]?.value ?? "{}") as { code: string }).code, "skipped");
      assert.equal(await store.query("run", { id: skipped.id }), null);
      await tools.advance(caller, { next: { state: "completed", output: null } });
    });

    test("a cancel with compensation does not undo a run that has completed meanwhile", async ({ store }, tools) => {
      await store.commit(newStart());
      const run = await tools.lease();
      const { mark } = (await store.query("run", { id: run.id })) ?? assert.fail();
      await tools.advance(run, { next: { state: "completed", output: null } });
      const reason = { code: "by-person", by: "ada", why: null } as const;
      const outcome = await store.commit({
        kind: "intervene",
        run: run.no,
        seen: mark,
        idle: { to: "compensating", compensation: { end: "cancelled", reason } },
        held: { verb: "cancel", actor: "ada", why: null, isCompensated: true },
        audit: { actor: "ada", verb: "cancel", why: null },
      });
      assert.deepEqual(outcome, { ok: false, why: "stale" });
      assert.equal((await store.query("run", { id: run.id }))?.row.status, "completed");
    });

    test("an event says which run its start was batched into", async (bench, tools) => {
      const flow = { batch: { key: "b", size: 10, waitMs: 1_000, bytesMax: 1_000 } };
      const waiting = newStart({ flow, input: "[1]" });
      await bench.store.commit(waiting);
      const start = newStart({ flow, input: "[2]", idempotencyKey: "event:1" });
      const event = { name: "number", id: "e", source: "api", data: "2" };
      const outcome = await bench.store.commit({ kind: "event", event, isRouted: true, starts: [start], refused: [] });
      assert.ok("event" in outcome && outcome.matched === 0);
      const row = await bench.store.query("event", { no: outcome.event });
      assert.deepEqual(row?.joined, [{ definition: "order", run: waiting.id }]);
      bench.advance(2_000);
      const run = await tools.lease();
      assert.deepEqual([run.id, run.input], [waiting.id, "[1,2]"]);
      await tools.advance(run, { next: { state: "completed", output: null } });
    });
  });
}
