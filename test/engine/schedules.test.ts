import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Firing, on, type ScheduleOptions, workflow } from "baton";
import { openTestBaton, type TestBaton } from "baton/testing";

const startAt = Date.UTC(2026, 0, 1);
const iso = (at: number): string => new Date(at).toISOString();

/** An instance with one scheduled workflow whose runs take `napMs`. */
async function setup(
  options: ScheduleOptions,
  { napMs = 0, from = startAt }: { napMs?: number; from?: number } = {},
): Promise<{
  test: TestBaton;
  inputs: unknown[];
  fires: () => Promise<readonly Firing[]>;
  outcomes: () => Promise<string[]>;
}> {
  const inputs: unknown[] = [];
  const tick = workflow({ name: "tick", on: on.schedule(options) }, async (ctx, input: unknown) => {
    inputs.push(input);
    if (napMs > 0) await ctx.sleep("nap", napMs);
    return input ?? null;
  });
  const test = await openTestBaton({ definitions: [tick], startAt: from });
  await test.settle();
  const fires = async (): Promise<readonly Firing[]> => {
    const schedule = await test.baton.schedules.get("tick");
    return (await test.baton.engine.schedules.fires(schedule, 1_000)).toReversed();
  };
  const outcomes = async (): Promise<string[]> =>
    (await fires()).map((fire) => `${iso(fire.scheduledAt).slice(11, 19)} ${fire.outcome}`);
  return { test, inputs, fires, outcomes };
}

describe("a schedule", () => {
  it("starts one run at each scheduled time and records its origin", async () => {
    const { test, fires, outcomes } = await setup({ every: "10m", input: { why: "clock" } });
    await test.advance("30m");
    assert.deepEqual(await outcomes(), ["00:10:00 fired", "00:20:00 fired", "00:30:00 fired"]);
    const runs = await test.baton.runs();
    assert.deepEqual(
      runs.map((run) => [run.status, run.origin, iso(run.createdAt)]).toReversed(),
      [10, 20, 30].map((minutes) => {
        const scheduledAt = startAt + minutes * 60_000;
        const origin = { by: "schedule", schedule: "tick/every", scheduledAt, nominalAt: scheduledAt };
        return ["completed", origin, iso(scheduledAt)];
      }),
    );
    assert.deepEqual(
      (await fires()).map((fire) => fire.run),
      runs.map((run) => run.id).toReversed(),
    );
    await test.close();
  });

  it("derives the input of a run from its scheduled time", async () => {
    const { test, inputs } = await setup({
      cron: "0 2 * * *",
      zone: "Europe/Berlin",
      input: ({ scheduledAt, schedule }: { scheduledAt: Date; schedule: string }) =>
        `${schedule} ${scheduledAt.toISOString()}`,
    });
    await test.advance("2d");
    assert.deepEqual(inputs, ["cron 2026-01-01T01:00:00.000Z", "cron 2026-01-02T01:00:00.000Z"]);
    await test.close();
  });

  it("records a refused input and continues", async () => {
    let isBroken = true;
    const { test, fires } = await setup({
      every: "1m",
      input: () => {
        if (isBroken) throw new Error("no tenant");
        return 1;
      },
    });
    await test.advance("1m");
    isBroken = false;
    await test.advance("1m");
    assert.deepEqual(
      (await fires()).map(({ outcome, why }) => [outcome, why]),
      [
        ["refused", "no tenant"],
        ["fired", null],
      ],
    );
    await test.close();
  });

  it("two equal schedules are separate, and an event trigger works next to them", async () => {
    const twice = { cron: "0 * * * *", zone: "UTC" };
    const tick = workflow({ name: "tick", on: [on.schedule(twice), on.event("tock"), on.schedule(twice)] }, () => null);
    const test = await openTestBaton({ definitions: [tick], startAt });
    await test.advance("1h");
    await test.emit({ name: "tock" });
    await test.settle();
    const origins = (await test.baton.runs()).map((run) => run.origin.schedule ?? run.origin.by);
    assert.deepEqual(origins.toSorted(), ["event", "tick/cron", "tick/cron-2"]);
    await test.close();
  });

  it("a one-time schedule fires once, even if its time has just passed or it is registered again", async () => {
    const { test, outcomes } = await setup({ at: startAt - 60_000 });
    await test.advance("1h");
    assert.deepEqual(await outcomes(), ["23:59:00 fired"]);
    const again = workflow({ name: "tick", on: on.schedule({ at: startAt - 60_000, overlap: "allow" }) }, () => null);
    test.register(again);
    await test.advance("1h");
    assert.equal((await test.baton.runs()).length, 1);
    assert.deepEqual(await test.baton.schedules.next("tick"), []);
    await test.close();
  });
});

describe("a clock change", () => {
  it("in spring runs a skipped local time at the first valid time", async () => {
    const from = Date.UTC(2026, 2, 28, 12);
    const { test, fires } = await setup({ cron: "30 2 * * *", zone: "Europe/Berlin" }, { from });
    await test.advance("2d");
    assert.deepEqual(
      (await fires()).map((fire) => iso(fire.scheduledAt)),
      ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"],
    );
    assert.equal((await test.baton.runs()).length, 2);
    await test.close();
  });

  it("in autumn runs a repeated local time once, and an hourly schedule in every hour", async () => {
    const from = Date.UTC(2026, 9, 24, 22, 30);
    const daily = workflow(
      { name: "daily", on: on.schedule({ cron: "30 2 * * *", zone: "Europe/Berlin" }) },
      () => null,
    );
    const hourly = workflow(
      { name: "hourly", on: on.schedule({ cron: "0 * * * *", zone: "Europe/Berlin" }) },
      () => null,
    );
    const test = await openTestBaton({ definitions: [daily, hourly], startAt: from });
    await test.advance("24h");
    assert.equal((await test.baton.runs({ name: "daily" })).length, 1);
    assert.equal((await test.baton.runs({ name: "hourly" })).length, 24);
    await test.close();
  });
});

describe("downtime", () => {
  it("is caught up within the window; older times are recorded as missed", async () => {
    const { test, outcomes } = await setup({ every: "10m", catchUp: "30m", overlap: "allow" });
    await test.advance("10m");
    // The process is gone: its timers are cleared while the clock continues.
    test.clock.clear();
    while (test.clock.fireNext(startAt + 2 * 3_600_000 + 60_000));
    await test.crash();
    await test.settle();
    assert.deepEqual(await outcomes(), ["00:10:00 fired", "01:40:00 fired", "01:50:00 fired", "02:00:00 fired"]);
    const { lastGap, decidedTo } = await test.baton.schedules.get("tick");
    assert.deepEqual(lastGap, {
      cause: "missed",
      fromAt: startAt + 20 * 60_000,
      throughAt: startAt + 90 * 60_000,
      count: 8,
      at: test.clock.now(),
    });
    assert.equal(iso(decidedTo), "2026-01-01T02:00:00.000Z");
    await test.close();
  });

  it("at any store operation loses no scheduled time and fires none twice", async () => {
    const baseline = await setup({ every: "10m", overlap: "allow" });
    await baseline.test.advance("40m");
    const operations = baseline.test.operations;
    await baseline.test.close();
    for (const side of ["before", "after"] as const) {
      for (let operation = 1; operation <= operations; operation++) {
        const { test, outcomes } = await setup({ every: "10m", overlap: "allow" });
        test.crashAt(operation, side);
        await test.advance("41m");
        await test.settle();
        assert.deepEqual(
          await outcomes(),
          ["00:10:00 fired", "00:20:00 fired", "00:30:00 fired", "00:40:00 fired"],
          `crash ${side} operation ${operation}`,
        );
        const runs = await test.baton.runs();
        assert.equal(new Set(runs.map((run) => run.origin.scheduledAt)).size, 4);
        assert.equal(runs.length, 4);
        await test.close();
      }
    }
  });
});

describe("overlap", () => {
  it("skip omits a scheduled time while the previous run has not ended", async () => {
    const { test, fires, outcomes } = await setup({ every: "10m" }, { napMs: 25 * 60_000 });
    await test.advance("50m");
    assert.deepEqual(await outcomes(), [
      "00:10:00 fired",
      "00:20:00 skipped",
      "00:30:00 skipped",
      "00:40:00 fired",
      "00:50:00 skipped",
    ]);
    const [first, second] = await fires();
    assert.equal(second?.why, `${first?.run} has not ended`);
    await test.close();
  });

  it("allow runs them concurrently", async () => {
    const { test } = await setup({ every: "10m", overlap: "allow" }, { napMs: 25 * 60_000 });
    await test.advance("30m");
    assert.deepEqual(
      (await test.baton.runs()).map((run) => run.status),
      ["waiting", "waiting", "waiting"],
    );
    await test.close();
  });

  it("buffer-one fires one buffered time when the previous run ends", async () => {
    const { test, outcomes } = await setup({ every: "10m", overlap: "buffer-one" }, { napMs: 25 * 60_000 });
    await test.advance("33m");
    assert.deepEqual(await outcomes(), ["00:10:00 fired", "00:20:00 buffered", "00:30:00 skipped"]);
    await test.advance("3m");
    assert.deepEqual(await outcomes(), ["00:10:00 fired", "00:20:00 fired", "00:30:00 skipped"]);
    const [second, first] = await test.baton.runs();
    assert.equal(first?.endedAt, second?.createdAt);
    await test.close();
  });

  it("buffer-one continues after a crash and when its run was cancelled", async () => {
    const { test, outcomes } = await setup({ every: "10m", overlap: "buffer-one" }, { napMs: 25 * 60_000 });
    await test.advance("21m");
    await test.crash();
    const [open] = await test.baton.runs({ status: "waiting" });
    await (await test.baton.get(open?.id ?? "")).cancel();
    await test.advance("1m");
    assert.deepEqual(await outcomes(), ["00:10:00 fired", "00:20:00 fired"]);
    await test.close();
  });

  it("cancel-other cancels the previous run", async () => {
    const { test, outcomes } = await setup({ every: "10m", overlap: "cancel-other" }, { napMs: 25 * 60_000 });
    await test.advance("30m");
    assert.deepEqual(await outcomes(), ["00:10:00 fired", "00:20:00 fired", "00:30:00 fired"]);
    const runs = await test.baton.runs();
    assert.deepEqual(
      runs.map((run) => run.status),
      ["waiting", "cancelled", "cancelled"],
    );
    assert.deepEqual(runs[1]?.reason, {
      code: "by-person",
      by: "schedule:tick/every",
      why: "its next scheduled time has arrived",
    });
    await test.close();
  });

  it("cancel-other cancels a run held by a worker", async () => {
    const stuck = workflow({ name: "tick", on: on.schedule({ every: "10m", overlap: "cancel-other" }) }, (ctx) =>
      ctx.step("hang", (attempt) => new Promise((_, reject) => attempt.signal.addEventListener("abort", reject))),
    );
    const test = await openTestBaton({ definitions: [stuck], startAt });
    await test.advance("21m");
    const statuses = (await test.baton.runs()).map((run) => run.status);
    assert.deepEqual(statuses, ["running", "cancelled"]);
    await test.close();
  });
});

describe("operators", () => {
  it("pause and resume it; times during the pause are reported and never fired", async () => {
    const { test, outcomes } = await setup({ every: "10m" });
    const { schedules } = test.baton;
    await test.advance("10m");
    await schedules.pause("tick", { why: "stocktaking", actor: "ann" });
    const paused = await schedules.get("tick/every");
    assert.deepEqual([paused.isPaused, paused.pausedBy, paused.pausedWhy], [true, "ann", "stocktaking"]);
    await test.advance("30m");
    await schedules.resume("tick/every");
    await test.advance("10m");
    assert.deepEqual(await outcomes(), ["00:10:00 fired", "00:50:00 fired"]);
    const { lastGap, isPaused } = await schedules.get("tick");
    assert.deepEqual([isPaused, lastGap?.cause, lastGap?.count], [false, "paused", 3]);
    const audit = await test.baton.engine.store.query("audit", { run: null, before: null, limit: 10 });
    assert.deepEqual(audit.map((row) => [row.verb, row.actor, row.why, row.schedule, row.run]).toReversed(), [
      ["pause-schedule", "ann", "stocktaking", "tick/every", null],
      ["resume-schedule", audit[0]?.actor, null, "tick/every", null],
    ]);
    await test.close();
  });

  it("resume it after a downtime; times during the pause do not count as missed", async () => {
    const { test, outcomes } = await setup({ every: "10m", catchUp: "24h" });
    await test.baton.schedules.pause("tick");
    test.clock.clear();
    while (test.clock.fireNext(startAt + 3_600_000 + 60_000));
    await test.baton.schedules.resume("tick");
    await test.settle();
    assert.deepEqual(await outcomes(), []);
    const { lastGap } = await test.baton.schedules.get("tick");
    assert.deepEqual([lastGap?.cause, lastGap?.count], ["paused", 6]);
    await test.close();
  });

  it("run it now, in addition to its scheduled times", async () => {
    const { test, outcomes, inputs } = await setup({
      every: "10m",
      input: ({ scheduledAt }: { scheduledAt: Date }) => +scheduledAt,
    });
    await test.advance("5m");
    const id = await test.baton.schedules.runNow("tick", { actor: "ann", why: "look" });
    await test.settle();
    const [run] = await test.baton.runs();
    assert.deepEqual([run?.id, run?.status, run?.origin], [id, "completed", { by: "ann", schedule: "tick/every" }]);
    assert.deepEqual(inputs, [startAt + 300_000]);
    await test.advance("5m");
    assert.deepEqual(await outcomes(), ["00:10:00 fired"]);
    await test.close();
  });

  it("backfill a range without firing a time that has a run; a preview changes nothing", async () => {
    const { test, outcomes } = await setup({ every: "10m" }, { napMs: 15 * 60_000 });
    await test.advance("41m");
    assert.deepEqual(await outcomes(), ["00:10:00 fired", "00:20:00 skipped", "00:30:00 fired", "00:40:00 skipped"]);
    const { schedules } = test.baton;
    const range = { from: startAt - 600_000, to: "2026-01-01T00:41:00Z" };
    const preview = await schedules.backfill("tick", { ...range, dryRun: true });
    assert.deepEqual(
      preview.map((item) => [iso(item.scheduledAt).slice(11, 16), item.isNew]),
      [
        ["23:50", true],
        ["00:00", true],
        ["00:10", false],
        ["00:20", true],
        ["00:30", false],
        ["00:40", true],
      ],
    );
    assert.equal((await test.baton.runs()).length, 2);
    const items = await schedules.backfill("tick", range, { actor: "ann" });
    const again = await schedules.backfill("tick", range);
    assert.deepEqual(
      again.map((item) => item.run),
      items.map((item) => item.run),
    );
    assert.ok(again.every((item) => !item.isNew && item.run !== null));
    const runs = await test.baton.runs();
    assert.equal(runs.length, 6);
    const scheduledAt = startAt + 2_400_000;
    assert.deepEqual(runs[0]?.origin, { by: "ann", schedule: "tick/every", scheduledAt, nominalAt: scheduledAt });
    await test.close();
  });

  it("backfill up to a limit, and no future times", async () => {
    const { test } = await setup({ every: "1s", overlap: "skip" });
    const { schedules } = test.baton;
    await assert.rejects(schedules.backfill("tick", { from: startAt - 3_600_000 }), { code: "limit" });
    await assert.rejects(schedules.backfill("tick", { from: startAt, to: startAt - 1 }), { code: "invalid-option" });
    const items = await schedules.backfill("tick", { from: startAt - 2_000, to: startAt + 3_600_000, dryRun: true });
    assert.equal(items.length, 3);
    await test.close();
  });

  it("get an error for an unknown schedule or an ambiguous name", async () => {
    const many = workflow(
      { name: "many", on: [on.schedule({ every: "1h", name: "a" }), on.schedule({ every: "2h", name: "b" })] },
      () => null,
    );
    const test = await openTestBaton({ definitions: [many], startAt });
    await test.settle();
    await assert.rejects(test.baton.schedules.get("none"), { code: "not-found" });
    await assert.rejects(test.baton.schedules.pause("many"), { code: "ambiguous" });
    assert.deepEqual(
      (await test.baton.schedules.next("many/b", 2)).map((at) => at.getUTCHours()),
      [2, 4],
    );
    await test.close();
  });
});

describe("a definition that changes", () => {
  const version = (options: ScheduleOptions | null): ReturnType<typeof workflow> =>
    workflow(
      { name: "tick", ...(options === null ? {} : { on: on.schedule({ name: "it", ...options }) }) },
      () => null,
    );

  it("starts again from now and never fires old scheduled times", async () => {
    const test = await openTestBaton({ definitions: [version({ every: "10m" })], startAt });
    await test.advance("25m");
    test.register(version({ every: "7m" }));
    await test.advance("10m");
    const schedule = await test.baton.schedules.get("tick");
    const fires = await test.baton.engine.schedules.fires(schedule, 10);
    assert.deepEqual(
      fires.map((fire) => iso(fire.scheduledAt).slice(11, 16)).toReversed(),
      ["00:10", "00:20", iso(Math.ceil((startAt + 1_500_001) / 420_000) * 420_000).slice(11, 16)].concat(
        fires.length > 3 ? [iso(Math.ceil((startAt + 1_500_001) / 420_000) * 420_000 + 420_000).slice(11, 16)] : [],
      ),
    );
    await test.close();
  });

  it("with another timing, deployed after a time that no process fired, still fires that time", async () => {
    const test = await openTestBaton({ definitions: [version({ every: "10m", overlap: "allow" })], startAt });
    await test.advance("10m");
    test.baton.engine.use("tick", null);
    await test.advance("15m");
    test.register(version({ every: "7m", overlap: "allow" }));
    test.baton.engine.use("tick", 1);
    await test.advance("1m");
    const schedule = await test.baton.schedules.get("tick");
    const fires = await test.baton.engine.schedules.fires(schedule, 10);
    assert.deepEqual(
      fires
        .map((fire) => [iso(fire.scheduledAt).slice(11, 16), fire.outcome])
        .toReversed()
        .slice(0, 2),
      [
        ["00:10", "fired"],
        ["00:20", "fired"],
      ],
    );
    assert.equal(schedule.lastGap, null);
    await test.close();
  });

  it("with another option only, keeps its times and what waits", async () => {
    const test = await openTestBaton({ definitions: [version({ every: "10m" })], startAt });
    await test.advance("25m");
    const { decidedTo } = await test.baton.schedules.get("tick");
    test.register(version({ every: "10m", catchUp: "2h" }));
    await test.advance("1m");
    assert.equal((await test.baton.schedules.get("tick")).decidedTo, decidedTo);
    await test.advance("10m");
    assert.equal((await test.baton.runs()).length, 3);
    await test.close();
  });

  it("refused by its definition's rate limit is written down as that, and names no run", async () => {
    const limited = workflow(
      { name: "limited", rateLimit: { limit: 1, per: "1h" }, on: on.schedule({ name: "it", every: "10m" }) },
      () => null,
    );
    const test = await openTestBaton({ definitions: [limited], startAt });
    await test.advance("21m");
    const schedule = await test.baton.schedules.get("limited");
    const fires = (await test.baton.engine.schedules.fires(schedule, 10)).toReversed();
    assert.deepEqual(
      fires.map(({ outcome, run, why }) => [outcome, run === null, why]),
      [
        ["fired", false, null],
        ["refused", true, "rate-limited by limited/rate"],
      ],
    );
    await assert.rejects(test.baton.schedules.runNow("limited"), { code: "rate-limited" });
    await test.close();
  });

  it("without its schedule loses it; when the schedule returns it starts again", async () => {
    const test = await openTestBaton({ definitions: [version({ every: "10m" })], startAt });
    await test.advance("10m");
    test.register(version(null));
    await test.advance("20m");
    assert.deepEqual(await test.baton.schedules.list(), []);
    assert.equal((await test.baton.runs()).length, 1);
    test.register(version({ every: "10m" }));
    await test.advance("10m");
    assert.equal((await test.baton.runs()).length, 2);
    const { lastGap, decidedTo } = await test.baton.schedules.get("tick");
    assert.deepEqual([lastGap, decidedTo], [null, startAt + 2_400_000]);
    await test.close();
  });

  it("that is unloaded keeps its schedule; due times are fired when it is loaded again", async () => {
    const test = await openTestBaton({ definitions: [version({ every: "10m", overlap: "allow" })], startAt });
    await test.advance("10m");
    test.baton.engine.use("tick", null);
    await test.advance("20m");
    assert.equal((await test.baton.runs()).length, 1);
    test.register(version({ every: "10m", overlap: "allow" }));
    test.baton.engine.use("tick", 1);
    await test.advance("1m");
    assert.equal((await test.baton.runs()).length, 3);
    await test.close();
  });
});

describe("an input that never resolves", () => {
  it("refuses its scheduled time and does not block other schedules", async () => {
    const stuck = workflow(
      { name: "stuck", on: on.schedule({ every: "1h", input: () => new Promise(() => {}) }) },
      () => null,
    );
    const other = workflow(
      { name: "other", on: on.schedule({ every: "1h", input: ({ scheduledAt }) => +scheduledAt }) },
      () => null,
    );
    const test = await openTestBaton({ definitions: [stuck, other], startAt });
    await test.advance("61m");
    const schedule = await test.baton.schedules.get("stuck");
    assert.deepEqual([schedule.lastFire?.outcome, (await test.baton.runs({ name: "other" })).length], ["refused", 1]);
    assert.match(schedule.lastFire?.why ?? "", /took longer than 10000 ms/);
    await test.close();
  });
});
