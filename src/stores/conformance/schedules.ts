import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ScheduleRow, ScheduleSpec } from "../../kernel/model/schedule.ts";
import type { PlannedFiring, ScheduleOutcome } from "../../kernel/model/schedule-acts.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Bench } from "./suite.ts";

const definition = { kind: "workflow", name: "report", version: 1 } as const;
const minute = 60_000;
const spec: ScheduleSpec = {
  timing: { by: "every", everyMs: minute, from: 0 },
  overlap: "allow",
  catchUpMs: 3_600_000,
  jitterMs: 0,
};
const audit = { actor: "test", verb: "pause-schedule", why: "because" };

let lastId = 0;

function planned(scheduledAt: number): PlannedFiring {
  lastId += 1;
  return {
    scheduledAt,
    refusal: null,
    start: {
      kind: "start",
      id: `run_fire_${lastId}`,
      definition,
      input: null,
      inputHash: "h",
      key: null,
      idempotencyKey: `schedule:a:${scheduledAt}`,
      priorityMs: 0,
      attributes: null,
      origin: { by: "schedule", schedule: "report/a", scheduledAt },
    },
  };
}

function put(store: Store, schedules: Readonly<Record<string, ScheduleSpec>>): Promise<ScheduleOutcome> {
  return store.commit({
    kind: "schedule",
    act: "put",
    definition,
    schedules: Object.entries(schedules).map(([name, each]) => ({ name, spec: each, hash: JSON.stringify(each) })),
  });
}

async function row(store: Store): Promise<ScheduleRow> {
  return (await store.query("schedule", { id: "report/a" })) ?? assert.fail("the schedule is there");
}

function fire(store: Store, schedule: ScheduleRow, fires: readonly PlannedFiring[]): Promise<ScheduleOutcome> {
  return store.commit({
    kind: "schedule",
    act: "fire",
    schedule: schedule.no,
    revision: schedule.revision,
    gap: null,
    fires,
    buffered: null,
    decidedTo: fires.at(-1)?.scheduledAt ?? schedule.decidedTo,
  });
}

/** What every store guarantees for schedules and timers. */
export function describeSchedules(name: string, open: () => Promise<Bench>): void {
  describe(`schedules, ${name}`, () => {
    const test = (title: string, body: (bench: Bench & { now: () => Promise<number> }) => Promise<void>): void => {
      it(title, async () => {
        const bench = await open();
        const now = async (): Promise<number> => (await bench.store.query("dueTimers", { after: null, limit: 1 })).now;
        try {
          await body({ ...bench, now });
          assert.deepEqual(await bench.store.query("violations", {}), []);
        } finally {
          await bench.close();
        }
      });
    };

    test("adds a schedule with its first due time, and a repeated put changes nothing", async ({ store, now }) => {
      await put(store, { a: spec });
      const at = await now();
      const first = await row(store);
      assert.deepEqual([first.dueAt, first.decidedTo, first.spec], [at + minute, at, spec]);
      await put(store, { a: spec });
      assert.deepEqual(await row(store), first);
    });

    test("a changed option keeps the ledger: due times are decided by the new options", async (bench) => {
      const { store, advance, now } = bench;
      await put(store, { a: spec });
      const { decidedTo } = await row(store);
      advance(3 * minute);
      await put(store, { a: { ...spec, overlap: "skip", jitterMs: 5 } });
      const changed = await row(store);
      assert.deepEqual([changed.decidedTo, changed.spec.overlap], [decidedTo, "skip"]);
      assert.ok((changed.dueAt ?? 0) <= (await now()), "it is due at once");
      assert.deepEqual(changed.lastGap, null);
    });

    test("a changed timing starts from now, and records the undecided times of the old one as missed", async (bench) => {
      const { store, advance, now } = bench;
      await put(store, { a: spec });
      const startedAt = await now();
      advance(3 * minute);
      await put(store, { a: { ...spec, timing: { by: "every", everyMs: 7 * minute, from: startedAt } } });
      const changed = await row(store);
      assert.equal(changed.decidedTo, await now());
      const { cause, count, throughAt } = changed.lastGap ?? assert.fail("there is a gap");
      assert.deepEqual([cause, count, throughAt], ["missed", 3, startedAt + 3 * minute]);
    });

    test("a removed schedule records its undecided times as missed, and starts from now when it returns", async (bench) => {
      const { store, advance, now } = bench;
      await put(store, { a: spec, b: spec });
      advance(2 * minute);
      const old = await row(store);
      await put(store, { b: spec });
      assert.equal(await store.query("schedule", { id: "report/a" }), null);
      advance(10 * minute);
      await put(store, { a: spec, b: spec });
      const back = await row(store);
      assert.deepEqual([back.no, back.decidedTo, back.lastGap?.count], [old.no, await now(), 2]);
    });

    test("a schedule that is no longer listed is removed with its timer", async (bench) => {
      const { store, advance } = bench;
      await put(store, { a: spec, b: spec });
      advance(10 * minute);
      await put(store, { a: spec });
      const changed = await row(store);
      assert.equal(await store.query("schedule", { id: "report/b" }), null);
      const { due, nextDueAt } = await store.query("dueTimers", { after: null, limit: 10 });
      assert.deepEqual([due.length, nextDueAt, changed.dueAt !== null], [1, null, true]);
    });

    test("lists due timers in pages, with the time of the first one not yet due", async ({ store, advance, now }) => {
      await put(store, { a: spec, b: { ...spec, timing: { by: "every", everyMs: 10 * minute, from: 0 } } });
      advance(minute);
      const page = await store.query("dueTimers", { after: null, limit: 1 });
      assert.deepEqual(
        [page.due.length, page.due[0]?.kind, page.nextDueAt],
        [1, "schedule", (await now()) + 9 * minute],
      );
      const after = page.due[0] ?? null;
      assert.deepEqual((await store.query("dueTimers", { after, limit: 1 })).due, []);
    });

    test("fires a scheduled time once: the later of two workers is refused", async ({ store, other, advance, now }) => {
      await put(store, { a: spec });
      advance(minute);
      const scheduledAt = await now();
      const seen = await row(store);
      const [mine, theirs] = [planned(scheduledAt), planned(scheduledAt)];
      const first = await fire(store, seen, [mine]);
      assert.ok(first.ok);
      assert.deepEqual(first.decided, [
        { scheduledAt, outcome: "fired", run: mine.start?.id, why: null, at: scheduledAt },
      ]);
      assert.deepEqual(await fire(other, seen, [theirs]), { ok: false, why: "stale" });
      const again = await fire(other, await row(store), [theirs]);
      assert.deepEqual(again.ok && again.decided, []);
      const runs = await store.query("runs", { before: null, limit: 10 });
      assert.deepEqual(
        runs.map((run) => [run.id, run.origin]),
        [[mine.start?.id, { ...mine.start?.origin, nominalAt: scheduledAt }]],
      );
      assert.equal((await row(store)).dueAt, scheduledAt + minute);
    });

    test("fires nothing before its time", async ({ store, now }) => {
      await put(store, { a: spec });
      const early = await fire(store, await row(store), [planned((await now()) + minute)]);
      assert.deepEqual(early, { ok: false, why: "stale" });
      assert.deepEqual(await store.query("runs", { before: null, limit: 10 }), []);
    });

    test("if the key has already started a run, the firing gets that run", async ({ store, advance, now }) => {
      await put(store, { a: spec });
      advance(minute);
      const scheduledAt = await now();
      const before = planned(scheduledAt);
      assert.ok(before.start !== null);
      await store.commit({ ...before.start, inputHash: "of another input" });
      const fired = await fire(store, await row(store), [planned(scheduledAt)]);
      assert.equal(fired.ok && fired.decided[0]?.run, before.start.id);
      assert.equal((await store.query("runs", { before: null, limit: 10 })).length, 1);
    });

    test("skips, buffers or cancels depending on the previous run", async ({ store, advance, now }) => {
      const outcomes: Record<string, unknown> = {};
      for (const overlap of ["skip", "buffer-one", "cancel-other", "allow"] as const) {
        await put(store, { a: { ...spec, overlap } });
        const decided: string[] = [];
        for (let time = 0; time < 3; time++) {
          advance(minute);
          const fired = await fire(store, await row(store), [planned(await now())]);
          decided.push(fired.ok ? (fired.decided[0]?.outcome ?? "") : "stale");
        }
        const last = await store.query("runs", { before: null, limit: 3 });
        outcomes[overlap] = [decided.join(" "), last.map((run) => run.status).join(" ")];
        for (const run of await store.query("runs", { status: "pending", before: null, limit: 10 })) {
          const idle = { to: "cancelled", reason: { code: "by-person", by: "test", why: null } } as const;
          const seen = { fence: 0, round: 0 };
          await store.commit({ kind: "intervene", run: run.no, seen, idle, held: null, audit });
        }
      }
      assert.deepEqual(outcomes, {
        skip: ["fired skipped skipped", "pending"],
        "buffer-one": ["fired buffered skipped", "pending cancelled"],
        "cancel-other": ["fired fired fired", "pending cancelled cancelled"],
        allow: ["fired fired fired", "pending pending pending"],
      });
    });

    test("fires a buffered time when the previous run has ended, and not before", async ({ store, advance, now }) => {
      await put(store, { a: { ...spec, overlap: "buffer-one" } });
      advance(minute);
      await fire(store, await row(store), [planned(await now())]);
      advance(minute);
      const scheduledAt = await now();
      await fire(store, await row(store), [planned(scheduledAt)]);
      const waiting = await row(store);
      assert.equal(waiting.buffered, scheduledAt);
      assert.ok((waiting.dueAt ?? 0) < scheduledAt + minute, "its timer is due before its next scheduled time");
      const fireBuffered = async (): Promise<ScheduleOutcome> => {
        const { no: schedule, revision, decidedTo } = await row(store);
        const buffered = planned(scheduledAt);
        return store.commit({
          kind: "schedule",
          act: "fire",
          schedule,
          revision,
          gap: null,
          fires: [],
          buffered,
          decidedTo,
        });
      };
      const early = await fireBuffered();
      assert.deepEqual(early.ok && early.decided, []);
      const [open] = await store.query("runs", { before: null, limit: 1 });
      const idle = { to: "cancelled", reason: { code: "by-person", by: "test", why: null } } as const;
      await store.commit({
        kind: "intervene",
        run: open?.no ?? 0,
        seen: { fence: 0, round: 0 },
        idle,
        held: null,
        audit,
      });
      const then = await fireBuffered();
      assert.deepEqual(then.ok && then.decided.map((each) => each.outcome), ["fired"]);
      const after = await row(store);
      assert.deepEqual([after.buffered, after.dueAt], [null, scheduledAt + minute]);
    });

    test("keeps consecutive missed times as one record", async ({ store, advance, now }) => {
      await put(store, { a: spec });
      const begun = await now();
      advance(10 * minute);
      for (const [from, through] of [
        [1, 4],
        [5, 6],
      ] as const) {
        const { no: schedule, revision } = await row(store);
        const gap = {
          cause: "missed",
          fromAt: begun + from * minute,
          throughAt: begun + through * minute,
          count: through - from + 1,
        } as const;
        const fires = through === 6 ? [planned(begun + 7 * minute)] : [];
        const decidedTo = fires[0]?.scheduledAt ?? gap.throughAt;
        await store.commit({
          kind: "schedule",
          act: "fire",
          schedule,
          revision,
          gap,
          fires,
          buffered: null,
          decidedTo,
        });
      }
      const { no: schedule, revision, lastGap } = await row(store);
      const at = await now();
      assert.deepEqual(lastGap, {
        cause: "missed",
        fromAt: begun + minute,
        throughAt: begun + 6 * minute,
        count: 6,
        at,
      });
      const gap = { cause: "missed", fromAt: begun + 8 * minute, throughAt: begun + 8 * minute, count: 1 } as const;
      const decidedTo = gap.throughAt;
      await store.commit({
        kind: "schedule",
        act: "fire",
        schedule,
        revision,
        gap,
        fires: [],
        buffered: null,
        decidedTo,
      });
      const gaps = await store.query("fireGaps", { schedule, limit: 10 });
      assert.deepEqual(
        gaps.map((each) => each.count),
        [1, 6],
      );
    });

    test("pauses and resumes if the revision matches, with an audit row for each", async ({ store, now }) => {
      await put(store, { a: spec });
      const { no: schedule, revision } = await row(store);
      const pause = { kind: "schedule", act: "pause", schedule, revision, audit } as const;
      assert.ok((await store.commit(pause)).ok);
      assert.deepEqual(await store.commit(pause), { ok: false, why: "stale" });
      const paused = await row(store);
      assert.deepEqual(
        [paused.isPaused, paused.pausedBy, paused.pausedWhy, paused.pausedAt],
        [true, "test", "because", await now()],
      );
      const again = { ...pause, act: "resume", revision: paused.revision } as const;
      assert.ok((await store.commit(again)).ok);
      assert.deepEqual([(await row(store)).isPaused, (await row(store)).pausedBy], [false, null]);
      const rows = await store.query("audit", { run: null, before: null, limit: 10 });
      assert.deepEqual(
        rows.map((each) => [each.schedule, each.actor, each.verb]),
        [
          ["report/a", "test", "pause-schedule"],
          ["report/a", "test", "pause-schedule"],
        ],
      );
    });

    test("retention deletes firings and gaps, and keeps the last firing", async ({ store, advance, now }) => {
      await put(store, { a: spec });
      for (let time = 0; time < 3; time++) {
        advance(minute);
        await fire(store, await row(store), [planned(await now())]);
      }
      const { no: schedule, lastFire } = await row(store);
      advance(100 * minute);
      await store.sweep({ completedMs: minute, failedMs: minute, eventMs: minute, limit: 1_000 });
      assert.deepEqual(await store.query("fires", { schedule, before: null, limit: 10 }), [lastFire]);
    });
  });
}
