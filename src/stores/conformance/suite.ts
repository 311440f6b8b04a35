import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Entry } from "../../kernel/model/journal.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { Advance, Intervene } from "../../kernel/model/transition.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { newStart } from "./new-start.ts";

/** A store under test, with a clock that the test moves. Each call opens an empty store. */
export interface Bench {
  readonly store: Store;
  /** A second session on the same database: the connection of another worker. */
  readonly other: Store;
  advance(ms: number): void;
  /** Whether large values are stored in files next to the store. */
  readonly hasFiles: boolean;
  close(): Promise<void>;
}

const leaseMs = 3_000;

function entry(seq: number, key: string, value: string | null = '"v"', over: Partial<Entry> = {}): Entry {
  return { seq, key, kind: "step", outcome: "ok", value, input: null, attempts: 1, tookMs: 2, ...over };
}

/** The suite that every store passes. Stores may differ in speed, never in results. */
export function describeStore(name: string, open: () => Promise<Bench>): void {
  describe(name, () => {
    const test = (
      title: string,
      body: (
        bench: Bench & {
          worker: number;
          lease: () => Promise<LeasedRun>;
          advanceRun: (run: LeasedRun, parts: Partial<Advance>) => ReturnType<Store["commit"]>;
        },
      ) => Promise<void>,
    ): void => {
      it(title, async () => {
        const bench = await open();
        try {
          const { incarnation } = await bench.store.join({ name: "w1", leaseMs });
          const lease = async (): Promise<LeasedRun> => {
            const { runs } = await bench.store.lease({ incarnation, limit: 1, hasSuspect: false, holds: null });
            assert.ok(runs[0], "a run is ready");
            return runs[0];
          };
          const advanceRun = (run: LeasedRun, parts: Partial<Advance>) =>
            bench.store.commit({ kind: "advance", run: run.no, fence: run.fence, ...parts });
          await body({ ...bench, worker: incarnation, lease, advanceRun });
          assert.deepEqual(await bench.store.query("violations", {}), [], "no invariant is violated");
        } finally {
          await bench.close();
        }
      });
    };

    test("leases a started run with its input and fence 1", async ({ store, lease }) => {
      await store.commit(newStart({ key: "deal:1" }));
      const run = await lease();
      assert.equal(run.fence, 1);
      assert.equal(run.isFresh, true);
      assert.equal(run.input, '{"n":1}');
      assert.equal(run.key, "deal:1");
    });

    test("leases a run to its starter in the transaction of the start", async ({ store, worker }) => {
      const outcome = await store.commit(newStart({ leaseTo: worker }));
      assert.ok(outcome.ok && outcome.isLeased && outcome.run.fence === 1);
      const { runs } = await store.lease({ incarnation: worker, limit: 5, hasSuspect: false, holds: null });
      assert.equal(runs.length, 0);
    });

    test("does not lease a start to a worker that is dead", async ({ store, worker, advance }) => {
      advance(leaseMs + 1);
      const { incarnation } = await store.join({ name: "w2", leaseMs });
      await store.lease({ incarnation, limit: 1, hasSuspect: false, holds: null });
      const outcome = await store.commit(newStart({ leaseTo: worker }));
      assert.ok(outcome.ok && !outcome.isLeased);
    });

    test("returns the run of a known idempotency key, and a conflict for another input", async ({ store }) => {
      const first = await store.commit(newStart({ idempotencyKey: "k" }));
      const again = await store.commit(newStart({ idempotencyKey: "k" }));
      const other = await store.commit(newStart({ idempotencyKey: "k", inputHash: "h2" }));
      assert.ok(first.ok && again.ok);
      assert.equal(again.isCreated, false);
      assert.equal(again.run.id, first.run.id);
      assert.deepEqual(other, { ok: false, why: "key-conflict", id: first.run.id });
    });

    test("keeps entries in order and returns them to the next holder", async ({
      store,
      lease,
      advanceRun,
      worker,
      advance,
    }) => {
      await store.commit(newStart());
      const run = await lease();
      await advanceRun(run, { entries: [entry(1, "a"), entry(2, "b", null)] });
      await advanceRun(run, { entries: [entry(3, "c", `"${"x".repeat(10_000)}"`)] });
      await store.leave({ incarnation: worker });
      advance(1);
      const { incarnation } = await store.join({ name: "w2", leaseMs });
      const { runs } = await store.lease({ incarnation, limit: 1, hasSuspect: false, holds: null });
      const next = runs[0];
      assert.ok(next && next.fence > run.fence && !next.isFresh);
      const journal = await store.load({ run: next.no, fence: next.fence });
      assert.deepEqual(
        journal?.entries.map((each) => [each.seq, each.key, each.value?.length ?? null]),
        [
          [1, "a", 3],
          [2, "b", null],
          [3, "c", 10_002],
        ],
      );
    });

    test("refuses every part of an advance whose fence is stale", async ({ store, lease, advanceRun, worker }) => {
      await store.commit(newStart());
      const run = await lease();
      await store.leave({ incarnation: worker });
      const outcome = await advanceRun(run, { entries: [entry(1, "late")], next: { state: "completed", output: "1" } });
      assert.deepEqual(outcome, { ok: false, why: "stale" });
      const detail = await store.query("run", { id: run.id });
      assert.equal(detail?.entryCount, 0);
      assert.equal(detail?.row.status, "pending");
      assert.equal(await store.load({ run: run.no, fence: run.fence }), null);
    });

    test("writes an entry once, even if it is sent repeatedly", async ({ store, lease, advanceRun }) => {
      await store.commit(newStart());
      const run = await lease();
      await advanceRun(run, { entries: [entry(1, "a", '"first"')] });
      await advanceRun(run, { entries: [entry(1, "a", '"second"')] });
      const journal = await store.load({ run: run.no, fence: run.fence });
      assert.deepEqual(
        journal?.entries.map((each) => each.value),
        ['"first"'],
      );
    });

    test("writes nothing to a completed run", async ({ store, lease, advanceRun }) => {
      await store.commit(newStart());
      const run = await lease();
      await advanceRun(run, { next: { state: "completed", output: '"done"' } });
      assert.deepEqual(await advanceRun(run, { next: { state: "cancelled", reason: { code: "queued" } } }), {
        ok: false,
        why: "stale",
      });
      const detail = await store.query("run", { id: run.id });
      assert.equal(detail?.row.status, "completed");
      assert.equal(detail?.output, '"done"');
    });

    test("frees the runs of a worker whose lease has expired by the store's clock", async ({
      store,
      lease,
      advance,
    }) => {
      await store.commit(newStart());
      const run = await lease();
      const { incarnation } = await store.join({ name: "w2", leaseMs });
      advance(leaseMs - 1);
      assert.equal((await store.lease({ incarnation, limit: 1, hasSuspect: false, holds: null })).runs.length, 0);
      await store.beat({ incarnation, leaseMs });
      advance(1);
      const [taken] = (await store.lease({ incarnation, limit: 1, hasSuspect: false, holds: null })).runs;
      assert.ok(taken && taken.fence > run.fence);
      assert.equal(taken.isUnclean, true);
      assert.equal(taken.uncleanCount, 1);
    });

    test("a beat renews the lease, and fails after it has expired", async ({ store, worker, advance }) => {
      advance(leaseMs - 1);
      assert.equal((await store.beat({ incarnation: worker, leaseMs })).isAlive, true);
      advance(leaseMs + 1);
      assert.equal((await store.beat({ incarnation: worker, leaseMs })).isAlive, false);
    });

    test("counts a crashed lease only for runs that committed nothing", async ({ store, advance, worker }) => {
      await store.commit(newStart());
      await store.commit(newStart());
      const { runs } = await store.lease({ incarnation: worker, limit: 2, hasSuspect: false, holds: null });
      const [idle, busy] = runs;
      assert.ok(idle && busy);
      await store.commit({ kind: "advance", run: busy.no, fence: busy.fence, entries: [entry(1, "a")] });
      advance(leaseMs + 1);
      const { incarnation } = await store.join({ name: "w2", leaseMs });
      const taken = (await store.lease({ incarnation, limit: 2, hasSuspect: false, holds: null })).runs;
      assert.equal(taken.find((each) => each.no === idle.no)?.uncleanCount, 1);
      assert.equal(taken.find((each) => each.no === busy.no)?.uncleanCount, 0);
    });

    test("leases crash suspects one at a time, together with healthy runs", async ({ store, advance }) => {
      for (let i = 0; i < 3; i++) await store.commit(newStart());
      for (let round = 0; round < 2; round++) {
        const { incarnation } = await store.join({ name: `dying-${round}`, leaseMs });
        advance(1);
        assert.equal((await store.lease({ incarnation, limit: 10, hasSuspect: false, holds: null })).runs.length, 3);
        advance(leaseMs + 1);
      }
      const { incarnation } = await store.join({ name: "last", leaseMs });
      await store.commit(newStart());
      const first = await store.lease({ incarnation, limit: 10, hasSuspect: false, holds: null });
      assert.deepEqual(first.runs.map((run) => run.uncleanCount).toSorted(), [0, 2]);
      const second = await store.lease({ incarnation, limit: 10, hasSuspect: true, holds: null });
      assert.equal(second.runs.length, 0);
    });

    test("frees runs that a worker was leased without receiving the response", async ({ store, worker }) => {
      await store.commit(newStart());
      await store.lease({ incarnation: worker, limit: 1, hasSuspect: false, holds: null });
      const again = await store.lease({ incarnation: worker, limit: 1, hasSuspect: false, holds: [] });
      assert.equal(again.runs.length, 1);
      assert.ok((again.runs[0]?.fence ?? 0) > 1);
    });

    test("parks a run until its earliest timer", async ({ store, lease, advanceRun, advance, worker }) => {
      await store.commit(newStart());
      const run = await lease();
      await advanceRun(run, {
        opens: [
          { key: "long", kind: "timer", dueInMs: 5_000 },
          { key: "short", kind: "timer", dueInMs: 2_000 },
        ],
        next: { state: "parked" },
      });
      assert.equal((await store.query("run", { id: run.id }))?.row.status, "waiting");
      advance(1_999);
      const early = await store.lease({ incarnation: worker, limit: 1, hasSuspect: false, holds: null });
      assert.equal(early.runs.length, 0);
      assert.equal(early.nextReadyAt, early.now + 1);
      advance(1);
      assert.equal((await lease()).no, run.no);
    });

    test("refuses to park a run that nothing could wake", async ({ store, lease, advanceRun }) => {
      await store.commit(newStart());
      const run = await lease();
      await assert.rejects(advanceRun(run, { next: { state: "parked" } }));
      await advanceRun(run, { next: { state: "completed", output: null } });
    });

    test("wakes a parked run only with a matching event", async ({ store, lease, advanceRun, worker }) => {
      await store.commit(newStart());
      const run = await lease();
      await advanceRun(run, {
        opens: [{ key: "paid", kind: "event", name: "paid", match: { order: 7 } }],
        next: { state: "parked" },
      });
      const emit = (id: string, data: unknown) =>
        store.commit({
          kind: "event",
          event: { name: "paid", data: JSON.stringify(data), source: "t", id },
          isRouted: true,
          starts: [],
          refused: [],
        });
      assert.equal((await emit("e1", { order: "7" })).matched, 0);
      assert.equal((await emit("e2", {})).matched, 0);
      assert.equal((await emit("e3", { order: 7, by: "card" })).matched, 1);
      assert.equal((await emit("e4", { order: 7 })).matched, 0);
      const woken = await lease();
      const journal = await store.load({ run: woken.no, fence: woken.fence });
      const [arrival] = journal?.arrivals ?? [];
      assert.equal(journal?.arrivals.length, 1);
      assert.equal(arrival?.key, "paid");
      assert.deepEqual(JSON.parse(arrival?.body ?? "{}").data, { order: 7, by: "card" });
      assert.ok(arrival);
      await store.commit({
        kind: "advance",
        run: woken.no,
        fence: woken.fence,
        entries: [entry(1, "paid")],
        closes: ["paid"],
        read: [arrival.id],
        next: { state: "completed", output: null },
      });
      assert.equal(
        (await store.lease({ incarnation: worker, limit: 1, hasSuspect: false, holds: null })).runs.length,
        0,
      );
    });

    test("a wait receives an event from between the run's start and the wait, and the run stays leased", async ({
      store,
      lease,
      advanceRun,
    }) => {
      const emit = (id: string) =>
        store.commit({
          kind: "event",
          event: { name: "paid", data: '{"order":1}', source: "t", id },
          isRouted: true,
          starts: [],
          refused: [],
        });
      await emit("before the run");
      await store.commit(newStart());
      await emit("after the start");
      const run = await lease();
      const outcome = await advanceRun(run, {
        opens: [{ key: "paid", kind: "event", name: "paid", match: { order: 1 } }],
        next: { state: "parked" },
      });
      assert.ok(outcome.ok && "isUnread" in outcome && outcome.isUnread);
      const journal = await store.load({ run: run.no, fence: run.fence, part: "arrivals" });
      assert.deepEqual(
        journal?.arrivals.map((each) => JSON.parse(each.body ?? "{}").id),
        ["after the start"],
      );
      await advanceRun(run, {
        closes: ["paid"],
        read: journal?.arrivals.map((each) => each.id) ?? [],
        next: { state: "completed", output: null },
      });
    });

    test("a second wait of a run does not receive the same event again", async ({ store, lease, advanceRun }) => {
      await store.commit(newStart());
      await store.commit({
        kind: "event",
        event: { name: "go", data: null, source: "t", id: "1" },
        isRouted: true,
        starts: [],
        refused: [],
      });
      const run = await lease();
      await advanceRun(run, { opens: [{ key: "go", kind: "event", name: "go" }] });
      const first = await store.load({ run: run.no, fence: run.fence, part: "arrivals" });
      await advanceRun(run, {
        entries: [entry(1, "go")],
        closes: ["go"],
        read: first?.arrivals.map((each) => each.id) ?? [],
      });
      await advanceRun(run, { opens: [{ key: "go#2", kind: "event", name: "go" }] });
      const second = await store.load({ run: run.no, fence: run.fence, part: "arrivals" });
      assert.equal(first?.arrivals.length, 1);
      assert.equal(second?.arrivals.length, 0);
    });

    test("refuses to record a timeout if an event has arrived first", async ({ store, lease, advanceRun }) => {
      await store.commit(newStart());
      const run = await lease();
      await advanceRun(run, { opens: [{ key: "go", kind: "event", name: "go", dueInMs: 10 }] });
      await store.commit({
        kind: "event",
        event: { name: "go", data: null, source: "t", id: "1" },
        isRouted: true,
        starts: [],
        refused: [],
      });
      assert.deepEqual(await advanceRun(run, { entries: [entry(1, "go", "null")], expires: ["go"] }), {
        ok: false,
        why: "unread",
      });
      assert.equal((await store.load({ run: run.no, fence: run.fence }))?.entries.length, 0);
    });

    test("accepts an event once per source and ID", async ({ store }) => {
      const emit = () =>
        store.commit({
          kind: "event",
          event: { name: "x", data: "1", source: "s", id: "same" },
          isRouted: true,
          starts: [newStart()],
          refused: [],
        });
      const first = await emit();
      const again = await emit();
      assert.equal(first.isDuplicate, false);
      assert.equal(first.matched, 1);
      assert.equal(again.isDuplicate, true);
      assert.equal((await store.query("runs", { before: null, limit: 10 })).length, 1);
    });

    test("notifies a parent of its child's end once, and starts one child per key", async ({
      store,
      lease,
      advanceRun,
    }) => {
      await store.commit(newStart());
      const parent = await lease();
      const child = newStart({ parent: { no: parent.no, key: "call", isAwaited: true } });
      await advanceRun(parent, { opens: [{ key: "call", kind: "child", name: child.id }], starts: [child] });
      await advanceRun(parent, { starts: [newStart({ parent: { no: parent.no, key: "call", isAwaited: true } })] });
      const run = await lease();
      assert.equal(run.id, child.id);
      await advanceRun(run, { next: { state: "completed", output: "42" } });
      const journal = await store.load({ run: parent.no, fence: parent.fence, part: "arrivals" });
      assert.equal(journal?.arrivals.length, 1);
      assert.deepEqual(JSON.parse(journal?.arrivals[0]?.body ?? "{}"), {
        id: child.id,
        status: "completed",
        output: "42",
        error: null,
      });
    });

    test("a failed run is a dead letter with a fingerprint until it is resumed", async ({
      store,
      lease,
      advanceRun,
    }) => {
      await store.commit(newStart());
      const run = await lease();
      const error = { name: "Error", message: "no" };
      await advanceRun(run, {
        entries: [entry(1, "kept"), entry(2, "bad", JSON.stringify(error), { outcome: "error" })],
        next: { state: "failed", error, fingerprint: "f1", step: "bad" },
      });
      const [group] = await store.query("deadGroups", { limit: 5 });
      assert.deepEqual([group?.fingerprint, group?.count, group?.step], ["f1", 1, "bad"]);
      const detail = await store.query("run", { id: run.id });
      assert.ok(detail);
      const verb: Intervene = {
        kind: "intervene",
        run: run.no,
        seen: detail.mark,
        idle: { to: "ready", reopening: { keys: ["bad"], optionalFrom: 2 } },
        held: null,
        audit: { actor: "me", verb: "resume", why: null },
      };
      assert.ok((await store.commit(verb)).ok);
      assert.deepEqual(await store.commit(verb), { ok: false, why: "stale" });
      const again = await lease();
      assert.ok(again.fence > run.fence && again.round === 1);
      const journal = await store.load({ run: again.no, fence: again.fence });
      assert.deepEqual(
        journal?.entries.map((each) => each.kind),
        ["step", "step", "reopen"],
      );
      assert.deepEqual(await store.query("deadGroups", { limit: 5 }), []);
    });

    test("an action on a held run is delivered to its holder once", async ({ store, lease, advanceRun }) => {
      await store.commit(newStart());
      const run = await lease();
      const mark = (await store.query("run", { id: run.id }))?.mark;
      assert.ok(mark);
      const cancel: Intervene = {
        kind: "intervene",
        run: run.no,
        seen: mark,
        idle: { to: "cancelled", reason: { code: "by-person", by: "me", why: null } },
        held: { verb: "cancel", actor: "me", why: null },
        audit: { actor: "me", verb: "cancel", why: null },
      };
      const outcome = await store.commit(cancel);
      assert.ok(outcome.ok && outcome.isHeld);
      await store.commit(cancel);
      const journal = await store.load({ run: run.no, fence: run.fence, part: "arrivals" });
      assert.equal(journal?.arrivals.length, 1);
      await advanceRun(run, {
        read: journal?.arrivals.map((each) => each.id) ?? [],
        next: { state: "cancelled", reason: { code: "queued" } },
      });
      assert.equal((await store.query("audit", { run: run.no, before: null, limit: 10 })).length, 2);
    });

    test("a cancel also cancels the children", async ({ store, lease, advanceRun }) => {
      await store.commit(newStart());
      const parent = await lease();
      const child = newStart({ parent: { no: parent.no, key: "c", isAwaited: true } });
      await advanceRun(parent, { opens: [{ key: "c", kind: "child", name: child.id }], starts: [child] });
      await advanceRun(parent, { next: { state: "cancelled", reason: { code: "by-person", by: "me", why: null } } });
      assert.equal((await store.query("run", { id: child.id }))?.row.status, "cancelled");
    });

    test("stops the child of a stopped branch with the transition that closes its wait", async ({
      store,
      lease,
      advanceRun,
    }) => {
      await store.commit(newStart());
      const parent = await lease();
      const call = (key: string): ReturnType<typeof newStart> =>
        newStart({ parent: { no: parent.no, key, isAwaited: true } });
      const [lost, kept, again] = [call("lost"), call("kept"), call("lost")];
      const open = (key: string, name: string) => ({ key, kind: "child", name }) as const;
      await advanceRun(parent, { opens: [open("lost", lost.id), open("kept", kept.id)], starts: [lost, kept] });
      await advanceRun(parent, { closes: ["lost"], cancels: ["lost", "unknown"] });
      const statusOf = async (id: string) => (await store.query("run", { id }))?.row.status;
      assert.equal(await statusOf(lost.id), "cancelled");
      assert.equal(await statusOf(kept.id), "pending");
      const journal = await store.load({ run: parent.no, fence: parent.fence });
      assert.deepEqual(journal?.arrivals, [], "the parent does not hear of it");
      assert.deepEqual(
        journal?.waits.map((wait) => wait.key),
        ["kept"],
      );
      await advanceRun(parent, { opens: [open("lost", again.id)], starts: [again] });
      assert.equal(await statusOf(again.id), "pending", "the key can be used again");
      await advanceRun(parent, { cancels: ["lost"], next: { state: "completed", output: null } });
      assert.equal(await statusOf(again.id), "cancelled", "with the end of the run");
      assert.equal(await statusOf(kept.id), "pending");
    });

    test("the cancel of an idle run leaves it to its cleanups; a cleaned-up failure is an ordinary dead letter", async ({
      store,
      lease,
      advanceRun,
    }) => {
      const reason = { code: "by-person", by: "me", why: null } as const;
      const draft = { outcome: "ok", value: null, input: null, attempts: 1, tookMs: 0 } as const;
      const open = async (): Promise<Awaited<ReturnType<typeof lease>>> => {
        await store.commit(newStart());
        const run = await lease();
        await advanceRun(run, {
          entries: [{ seq: 1, key: "lock", kind: "cleanup", ...draft }],
          opens: [
            { key: "nap", kind: "timer", dueInMs: 86_400_000 },
            { key: "go", kind: "event", name: "go" },
          ],
        });
        return run;
      };
      const parked = await open();
      await advanceRun(parked, { next: { state: "parked" } });
      const { mark } = (await store.query("run", { id: parked.id })) ?? {};
      assert.ok(mark !== undefined);
      await store.commit({
        kind: "intervene",
        run: parked.no,
        seen: mark,
        idle: { to: "cancelled", reason },
        held: null,
        audit: { actor: "me", verb: "cancel", why: null },
      });
      const cleaning = await lease();
      assert.deepEqual(cleaning.compensation, { end: "cancelled", reason, isCleanupOnly: true });
      await advanceRun(cleaning, { next: { state: "cancelled", reason } });
      assert.equal((await store.query("run", { id: parked.id }))?.row.status, "cancelled");

      const failing = await open();
      const error = { name: "Error", message: "down" };
      const end = { end: "failed", error, fingerprint: "f", step: null } as const;
      await advanceRun(failing, { next: { state: "compensating", compensation: { ...end, isCleanupOnly: true } } });
      const again = await lease();
      assert.equal(again.no, failing.no);
      const journal = await store.load({ run: again.no, fence: again.fence });
      assert.deepEqual(
        journal?.waits.map((wait) => wait.key),
        ["nap"],
        "a resume continues its timers",
      );
      await advanceRun(again, { next: { state: "failed", error, fingerprint: "f", step: null, isCleanedUp: true } });
      const detail = await store.query("run", { id: failing.id });
      assert.equal(detail?.row.status, "failed");
      assert.equal(detail?.compensation, null, "a resume continues its code");
      assert.equal((await store.query("deadGroups", { limit: 10 })).length, 1);
    });

    test("a held child of a stopped branch receives the cancel, and its end reaches nobody", async ({
      store,
      lease,
      advanceRun,
    }) => {
      await store.commit(newStart());
      const parent = await lease();
      const child = newStart({ parent: { no: parent.no, key: "lost", isAwaited: true } });
      await advanceRun(parent, { opens: [{ key: "lost", kind: "child", name: child.id }], starts: [child] });
      const held = await lease();
      assert.equal(held.id, child.id);
      await advanceRun(parent, { closes: ["lost"], cancels: ["lost"] });
      const request = (await store.load({ run: held.no, fence: held.fence }))?.arrivals[0];
      assert.equal(request?.kind, "cancel");
      const reason = { code: "by-person", by: "parent", why: null } as const;
      await advanceRun(held, { read: [request?.id ?? 0], next: { state: "cancelled", reason } });
      assert.deepEqual((await store.load({ run: parent.no, fence: parent.fence }))?.arrivals, []);
    });

    test("pages by keyset without repeating or omitting rows while rows are added", async ({ store }) => {
      for (let i = 0; i < 7; i++) await store.commit(newStart({ key: i % 2 === 0 ? "even" : "odd" }));
      const first = await store.query("runs", { before: null, limit: 3 });
      await store.commit(newStart());
      const second = await store.query("runs", { before: first.at(-1)?.no ?? null, limit: 10 });
      const ids = [...first, ...second].map((row) => row.id);
      assert.equal(new Set(ids).size, 7);
      assert.equal((await store.query("runs", { before: null, limit: 10, key: "odd" })).length, 3);
      const shown = first.map((row) => row.id);
      const asked = await store.query("runs", { before: null, limit: 10, ids: [...shown.toReversed(), "run_unknown"] });
      assert.deepEqual(
        asked.map((row) => row.id),
        shown,
      );
      assert.equal((await store.query("runs", { before: null, limit: 10, status: "pending" })).length, 8);
      assert.equal((await store.query("runs", { before: null, limit: 10, status: "failed" })).length, 0);
    });

    test("counters are exact after every status change", async ({ store, lease, advanceRun }) => {
      for (let i = 0; i < 4; i++) await store.commit(newStart());
      await advanceRun(await lease(), { next: { state: "completed", output: null } });
      await advanceRun(await lease(), {
        next: { state: "suspended", reason: { code: "by-person", by: "me", why: null } },
      });
      await lease();
      const counts = Object.fromEntries((await store.query("counts", {})).map((row) => [row.status, row.count]));
      assert.deepEqual(counts, { pending: 1, running: 1, completed: 1, suspended: 1 });
    });

    test("store time does not go back", async ({ store, worker, advance }) => {
      const before = (await store.beat({ incarnation: worker, leaseMs })).now;
      advance(-60_000);
      const after = (await store.beat({ incarnation: worker, leaseMs })).now;
      assert.ok(after >= before);
      advance(60_000);
    });

    test("retention removes every row of a run, and keeps a key as long as its run", async ({
      store,
      lease,
      advanceRun,
      advance,
    }) => {
      await store.commit(newStart({ idempotencyKey: "k", input: `"${"i".repeat(9_000)}"` }));
      const run = await lease();
      await advanceRun(run, {
        entries: [entry(1, "a", `"${"x".repeat(9_000)}"`)],
        logs: [{ key: "a", level: "info", message: "m", data: null }],
        next: { state: "completed", output: "1" },
      });
      const keep = { completedMs: 1_000, failedMs: 1_000, eventMs: 1_000, limit: 100 };
      assert.equal((await store.sweep(keep)).runs, 0);
      advance(8 * 86_400_000);
      const swept = await store.sweep(keep);
      assert.equal(swept.runs, 1);
      assert.equal(await store.query("run", { id: run.id }), null);
      assert.equal(await store.query("payload", { run: run.no, part: "input" }), null);
      assert.deepEqual(await store.query("logs", { run: run.no, after: 0, limit: 10 }), []);
      assert.deepEqual(await store.query("counts", {}), []);
      const fresh = await store.commit(newStart({ idempotencyKey: "k", inputHash: "other" }));
      assert.ok(fresh.ok && fresh.isCreated);
    });

    test("two sessions lease different runs", async ({ store, other, worker }) => {
      for (let i = 0; i < 20; i++) await store.commit(newStart());
      const { incarnation } = await other.join({ name: "w2", leaseMs });
      const [a, b] = await Promise.all([
        store.lease({ incarnation: worker, limit: 10, hasSuspect: false, holds: null }),
        other.lease({ incarnation, limit: 10, hasSuspect: false, holds: null }),
      ]);
      const runs = [...a.runs, ...b.runs].map((run) => run.no);
      assert.equal(runs.length, 20);
      assert.equal(new Set(runs).size, 20);
    });

    test("when two sessions race a wait and its event, the run is woken whichever commits first", async ({
      store,
      other,
      lease,
      advanceRun,
      worker,
    }) => {
      for (let round = 0; round < 25; round++) {
        await store.commit(newStart());
        const run = await lease();
        const name = `go-${round}`;
        await Promise.all([
          advanceRun(run, { opens: [{ key: name, kind: "event", name }], next: { state: "parked" } }),
          other.commit({
            kind: "event",
            event: { name, data: null, source: "t", id: name },
            isRouted: true,
            starts: [],
            refused: [],
          }),
        ]);
        const held = await store.load({ run: run.no, fence: run.fence, part: "arrivals" });
        const [woken] =
          held === null
            ? (await store.lease({ incarnation: worker, limit: 1, hasSuspect: false, holds: null })).runs
            : [run];
        assert.ok(woken, "the run is held or ready");
        const journal = await store.load({ run: woken.no, fence: woken.fence });
        assert.equal(journal?.arrivals.length, 1);
        await store.commit({
          kind: "advance",
          run: woken.no,
          fence: woken.fence,
          closes: [name],
          read: journal?.arrivals.map((each) => each.id) ?? [],
          next: { state: "completed", output: null },
        });
      }
    });

    test("a user transaction and its step commit together or not at all", async ({ store, lease }) => {
      await store.commit(newStart());
      const run = await lease();
      const finish = (value: unknown): Advance => ({
        kind: "advance",
        run: run.no,
        fence: run.fence,
        entries: [entry(1, "tx", JSON.stringify(value))],
      });
      const params = { run: run.no, fence: run.fence, limitMs: 1_000 };
      await store.transact(params, async (db) => db.query("create table mine (n integer)"), finish);
      await assert.rejects(
        store.transact(
          params,
          async (db) => {
            await db.query("insert into mine values (1)");
            throw new Error("no");
          },
          finish,
        ),
        /no/,
      );
      await assert.rejects(
        store.transact(params, async (db) => db.query("delete from runs"), finish),
        // Baton's own tables are refused, or do not exist for a user who does not name their schema.
        { code: /^tx-/ },
      );
      const { value } = await store.transact(params, async (db) => db.query("select count(*) as n from mine"), finish);
      assert.deepEqual(
        value.map((row) => ({ ...row })),
        [{ n: 0 }],
      );
    });
  });
}
