/// <reference lib="esnext.temporal" />
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ScheduleSpec } from "../model/schedule.ts";
import changes from "./clock-changes.json" with { type: "json" };
import { checkPattern } from "./cron.ts";
import {
  checkSchedule,
  decideFirings,
  decideOverlap,
  dueOf,
  nextDue,
  nextScheduledTime,
  nextScheduledTimes,
} from "./schedule.ts";

const utc = (text: string): number => Date.parse(text);
const iso = (at: number): string => new Date(at).toISOString();

describe("clock changes", () => {
  for (const { zone, change, from, cases } of changes) {
    for (const { fires, ...options } of cases) {
      it(`${zone}, ${change}: ${JSON.stringify(options)}`, () => {
        const spec = checkSchedule({ zone, ...(options as { cron: string }) });
        assert.deepEqual(
          nextScheduledTimes(spec, utc(from), fires.length).map(iso),
          fires.map((at) => iso(utc(at))),
        );
      });
    }
  }
});

/**
 * The slow model: it walks minute by minute and reads the wall clock of each. When the wall clock jumps, it checks the
 * times that the change skipped. It recognises a repeated time by the latest wall-clock time seen so far.
 */
function* slowFires(
  spec: Extract<ScheduleSpec["timing"], { by: "cron" }>,
  matches: (wall: number) => boolean,
  from: number,
  to: number,
): Generator<number> {
  const wallAt = (at: number): number =>
    at + Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(spec.zone).offsetNanoseconds / 1e6;
  const back = 26 * 3_600_000;
  let highest = wallAt(from - back);
  let last = highest;
  for (let at = from - back + minute; at <= to; at += minute) {
    const wall = wallAt(at);
    let isFire = matches(wall) && (spec.repeated === "twice" || wall > highest);
    // Check the times that a forward jump of the wall clock skipped.
    if (wall > last + minute && spec.gap === "next-valid")
      for (let left = last + minute; left < wall; left += minute) isFire ||= matches(left);
    if (isFire && at > from) yield at;
    highest = Math.max(highest, wall);
    last = wall;
  }
}

const minute = 60_000;
const zones = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
  "Asia/Kolkata",
  "Africa/Casablanca",
  "Pacific/Apia",
  "Asia/Tehran",
  "UTC",
];
const minuteOf = (wall: number): number => Math.floor(wall / minute) % 60;
const hourOf = (wall: number): number => Math.floor(wall / 3_600_000) % 24;
const patterns: readonly { cron: string; matches: (wall: number) => boolean }[] = [
  { cron: "0 * * * *", matches: (wall) => minuteOf(wall) === 0 },
  { cron: "30 2 * * *", matches: (wall) => minuteOf(wall) === 30 && hourOf(wall) === 2 },
  { cron: "0 0 * * *", matches: (wall) => minuteOf(wall) === 0 && hourOf(wall) === 0 },
  { cron: "*/15 * * * *", matches: (wall) => minuteOf(wall) % 15 === 0 },
  { cron: "45 1,2 * * *", matches: (wall) => minuteOf(wall) === 45 && (hourOf(wall) === 1 || hourOf(wall) === 2) },
];

/** All clock changes of a zone in eleven years. */
function changesOf(zone: string): number[] {
  const found: number[] = [];
  let at = Temporal.Instant.from("2017-01-01T00:00:00Z").toZonedDateTimeISO(zone);
  for (;;) {
    const next = at.getTimeZoneTransition("next");
    if (next == null || next.epochMilliseconds > utc("2028-01-01T00:00:00Z")) return found;
    found.push(next.epochMilliseconds);
    at = next;
  }
}

describe("next", () => {
  for (const zone of zones) {
    it(`agrees with a minute-by-minute walk around every clock change of ${zone} in eleven years`, () => {
      const times = [...changesOf(zone), utc("2026-06-15T00:00:00Z")];
      for (const [i, change] of times.entries()) {
        const { cron, matches } = patterns[i % patterns.length] ?? assert.fail();
        for (const gap of ["next-valid", "skip"] as const) {
          for (const repeated of ["once", "twice"] as const) compare(zone, cron, matches, gap, repeated, change);
        }
      }
    });
  }

  it("agrees with that walk from any time on, for any pattern, zone and policy", () => {
    const around = (zone: string): fc.Arbitrary<number> =>
      fc.oneof(
        fc.integer({ min: utc("2017-01-01T00:00:00Z") / minute, max: utc("2028-01-01T00:00:00Z") / minute }),
        fc
          .tuple(
            fc.constantFrom(...changesOf(zone), utc("2026-06-15T00:00:00Z")),
            fc.integer({ min: -1_500, max: 1_500 }),
          )
          .map(([change, off]) => change / minute + off),
      );
    const any = fc
      .constantFrom(...zones)
      .chain((zone) =>
        fc.tuple(
          fc.constant(zone),
          fc.constantFrom(...patterns),
          fc.constantFrom("next-valid" as const, "skip" as const),
          fc.constantFrom("once" as const, "twice" as const),
          around(zone),
        ),
      );
    fc.assert(
      fc.property(any, ([zone, { cron, matches }, gap, repeated, minutes]) => {
        const spec = checkSchedule({ cron, zone, gap, repeated });
        const from = minutes * minute;
        const slow = slowFires(cronOf(spec), matches, from, from + 3 * 86_400_000).next();
        assert.equal(iso(nextScheduledTime(spec, from) ?? 0), iso(slow.value ?? 0));
      }),
      { numRuns: 150 },
    );
  });

  it("moves from each firing to the next without stopping", () => {
    const spec = checkSchedule({ cron: "* * * * * *", zone: "Europe/Berlin" });
    const times = nextScheduledTimes(spec, utc("2026-10-25T00:59:50Z"), 30);
    assert.deepEqual(
      times,
      times.map((_, i) => utc("2026-10-25T00:59:51Z") + i * 1_000),
    );
  });
});

function cronOf(spec: ScheduleSpec): Extract<ScheduleSpec["timing"], { by: "cron" }> {
  return spec.timing.by === "cron" ? spec.timing : assert.fail();
}

function compare(
  zone: string,
  cron: string,
  matches: (wall: number) => boolean,
  gap: "next-valid" | "skip",
  repeated: "once" | "twice",
  change: number,
): void {
  const spec = checkSchedule({ cron, zone, gap, repeated });
  const from = change - 30 * 3_600_000;
  const to = change + 30 * 3_600_000;
  const slow = [...slowFires(cronOf(spec), matches, from, to)].map(iso);
  assert.deepEqual(nextScheduledTimes(spec, from, slow.length + 1, to).map(iso), slow, `${cron} ${gap} ${repeated}`);
}

describe("a pattern", () => {
  const refused: readonly [unknown, RegExp][] = [
    ["0 0 1--100000000 * *", /cannot be read/],
    ["0-100000000 * * * *", /cannot be read/],
    ["*/100000000 * * * *", /cannot be read/],
    [`${"0,".repeat(5_000)}0 * * * *`, /at most 200 characters/],
    [`${"1,".repeat(70)}1 * * * *`, /more than 60 entries/],
    ["*".repeat(200), /1 fields/],
    ["((((((((((a+)+)+)+)+)+)+)+)+)+ * * * *", /cannot be read/],
    ["0 0 30 2 *", /never matches/],
    ["0 0 31 4,6,9,11 *", /never matches/],
    ["0 0 31W 2 *", /never matches/],
    ["60 * * * *", /cannot be read/],
    ["* * * *", /4 fields/],
    ["* * * * * * *", /7 fields/],
    ["", /0 fields/],
    ["2026-01-01T00:00:00", /1 fields/],
    ["@reboot", /1 fields/],
    ["5/5 * * * *", /cannot be read/],
    ["0 22-2 * * *", /cannot be read/],
    ["0 0 * * 1#6", /cannot be read/],
    ["0 0 0 * *", /cannot be read/],
    ["% * * * *", /cannot be read/],
    ["🕰 * * * *", /cannot be read/],
    [{ toString: () => "* * * * *" }, /is not a string/],
    [undefined, /is not a string/],
  ];
  for (const [pattern, message] of refused) {
    it(`refuses ${JSON.stringify(pattern)?.slice(0, 50)}`, () => {
      assert.throws(() => checkPattern(pattern), { code: "invalid-schedule", message });
    });
  }

  it("is accepted or refused in bounded time and memory, whatever the text", () => {
    const chars = fc.constantFrom(..."0123456789*/-,#LW?+ \tMONJAN@".split(""));
    fc.assert(
      fc.property(fc.string({ unit: chars, maxLength: 60 }), (text) => {
        try {
          checkSchedule({ cron: text, zone: "UTC" });
        } catch (error) {
          assert.equal((error as { code?: string }).code, "invalid-schedule");
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads the OCPS dialect", () => {
    const first = (cron: string): string =>
      iso(nextScheduledTime(checkSchedule({ cron, zone: "UTC" }), utc("2026-11-20T12:00:00Z")) ?? 0);
    assert.equal(first("0 9 L * *"), "2026-11-30T09:00:00.000Z");
    assert.equal(first("0 9 15W * *"), "2026-12-15T09:00:00.000Z");
    assert.equal(first("0 9 * * FRI#2"), "2026-12-11T09:00:00.000Z");
    assert.equal(first("0 9 * * 5L"), "2026-11-27T09:00:00.000Z");
    assert.equal(first("0 9 1 * MON"), "2026-11-23T09:00:00.000Z");
    assert.equal(first("0 9 1 * +MON"), "2027-02-01T09:00:00.000Z");
    assert.equal(first("0 9 ? JAN-MAR *"), "2027-01-01T09:00:00.000Z");
    assert.equal(first("@Monthly"), "2026-12-01T00:00:00.000Z");
    assert.equal(first("30 0 9 * * *"), "2026-11-21T09:00:30.000Z");
  });
});

describe("a schedule", () => {
  it("needs an IANA zone", () => {
    for (const zone of [undefined, "", "Mars/Olympus", "+02:00", "Europe/Berlin; drop", "x".repeat(100), 7])
      assert.throws(() => checkSchedule({ cron: "0 0 * * *", zone: zone as string }), { code: "invalid-schedule" });
    assert.doesNotThrow(() => checkSchedule({ cron: "0 0 * * *", zone: "America/Argentina/Buenos_Aires" }));
  });

  it("has one form of timing, and only the options of that form", () => {
    for (const wish of [
      {},
      { every: "1m", at: 0 },
      { every: "1m", zone: "UTC" },
      { at: 0, from: 1 },
      { every: "10ms" },
      { every: "soon" },
      { at: "2026-11-20 09:30" },
      { at: Number.NaN },
      { every: "1m", overlap: "queue" as never },
      { every: "1m", jitter: "2d" },
    ])
      assert.throws(() => checkSchedule(wish), { code: "invalid-schedule" }, JSON.stringify(wish));
  });

  it("fires twice in the repeated hour for a pattern of every hour, and once for a pattern that names hours", () => {
    const repeated = (cron: string): string => cronOf(checkSchedule({ cron, zone: "UTC" })).repeated;
    assert.deepEqual(["0 * * * *", "*/15 * * * *", "0 0 * * * *", "30 2 * * *", "0 1-4 * * *"].map(repeated), [
      "twice",
      "twice",
      "twice",
      "once",
      "once",
    ]);
  });

  it("by interval fires at multiples of the interval, or from `from` on", () => {
    const at = utc("2026-11-20T12:07:31Z");
    assert.equal(iso(nextScheduledTime(checkSchedule({ every: "15m" }), at) ?? 0), "2026-11-20T12:15:00.000Z");
    const spec = checkSchedule({ every: "15m", from: "2026-11-20T12:05:00Z" });
    assert.deepEqual(nextScheduledTimes(spec, utc("2026-11-20T00:00:00Z"), 2).map(iso), [
      "2026-11-20T12:05:00.000Z",
      "2026-11-20T12:20:00.000Z",
    ]);
    assert.equal(nextScheduledTime(spec, utc("2026-11-20T12:20:00Z")), utc("2026-11-20T12:35:00Z"));
  });

  it("at a timestamp fires once", () => {
    const at = utc("2026-11-20T12:00:00Z");
    const spec = checkSchedule({ at: new Date(at) });
    assert.deepEqual([nextScheduledTime(spec, at - 1), nextScheduledTime(spec, at)], [at, null]);
  });

  it("has the same jitter for the same scheduled time, within its limit", () => {
    const spec = checkSchedule({ every: "1h", jitter: "5m" });
    const offsets = Array.from({ length: 200 }, (_, i) => dueOf(spec, "a/b", i * 3_600_000) - i * 3_600_000);
    assert.deepEqual(
      offsets,
      offsets.map((_, i) => dueOf(spec, "a/b", i * 3_600_000) - i * 3_600_000),
    );
    assert.ok(offsets.every((offset) => offset >= 0 && offset <= 300_000));
    assert.ok(new Set(offsets).size > 150);
    assert.notEqual(dueOf(spec, "a/b", 0), dueOf(spec, "a/c", 0));
  });
});

describe("a round of firings", () => {
  const spec = checkSchedule({ every: "1m", catchUp: "5m" });
  const at = utc("2026-11-20T12:00:00Z");
  const minutes = (count: number): number => at + count * minute;

  it("is empty before the scheduled time", () => {
    const due = decideFirings({ id: "a/b", spec, decidedTo: at, isPaused: false }, minutes(1) - 1);
    assert.deepEqual(due, { gap: null, fires: [], decidedTo: at, hasMore: false });
  });

  it("fires times within the catch-up window and counts older ones as missed", () => {
    const due = decideFirings({ id: "a/b", spec, decidedTo: at, isPaused: false }, minutes(60));
    assert.deepEqual(due.gap, { cause: "missed", fromAt: minutes(1), throughAt: minutes(54), count: 54 });
    assert.deepEqual(due.fires, [55, 56, 57, 58, 59, 60].map(minutes));
    assert.equal(due.decidedTo, minutes(60));
  });

  it("fires nothing while the schedule is paused", () => {
    const due = decideFirings({ id: "a/b", spec, decidedTo: at, isPaused: true }, minutes(3));
    assert.deepEqual(due.gap, { cause: "paused", fromAt: minutes(1), throughAt: minutes(3), count: 3 });
    assert.deepEqual(due.fires, []);
  });

  it("is bounded, and the next round handles the rest", () => {
    let decidedTo = at;
    let missed = 0;
    let fired = 0;
    const fast = checkSchedule({ every: "1s", catchUp: "5m" });
    for (let round = 0; round < 100; round++) {
      const due = decideFirings({ id: "a/b", spec: fast, decidedTo, isPaused: false }, minutes(60));
      missed += due.gap?.count ?? 0;
      fired += due.fires.length;
      decidedTo = due.decidedTo;
      assert.ok((due.gap?.count ?? 0) <= 250 && due.fires.length <= 100);
      if (!due.hasMore) break;
    }
    assert.deepEqual([missed + fired, fired, decidedTo], [3_600, 301, minutes(60)]);
  });

  it("treats a slightly late firing as late, not missed, whatever the window", () => {
    const strict = checkSchedule({ every: "1m", catchUp: 0 });
    assert.deepEqual(
      decideFirings({ id: "a/b", spec: strict, decidedTo: at, isPaused: false }, minutes(1) + 9_000).fires,
      [minutes(1)],
    );
  });

  it("decides every scheduled time once, whatever the rounds and the jitter", () => {
    const jittered = checkSchedule({ every: "10s", jitter: "1m", catchUp: "2m" });
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 30 }), (waits) => {
        let now = at;
        let decidedTo = at;
        const seen: number[] = [];
        for (const wait of waits) {
          now += wait;
          for (;;) {
            const due = decideFirings({ id: "a/b", spec: jittered, decidedTo, isPaused: false }, now);
            if (due.gap !== null) seen.push(...nextScheduledTimes(jittered, due.gap.fromAt - 1, due.gap.count));
            for (const fire of due.fires) assert.ok(dueOf(jittered, "a/b", fire) <= now);
            seen.push(...due.fires);
            decidedTo = due.decidedTo;
            if (!due.hasMore) break;
          }
        }
        assert.deepEqual(seen, nextScheduledTimes(jittered, at, seen.length));
        assert.ok((nextDue({ id: "a/b", spec: jittered, decidedTo }, false, now) as number) > now);
      }),
      { numRuns: 100 },
    );
  });
});

describe("overlap", () => {
  const act = (overlap: ScheduleSpec["overlap"], open: string | null, hasBuffered = false): string =>
    decideOverlap(overlap, open, hasBuffered).act;

  it("matters only while the previous run has not ended", () => {
    for (const overlap of ["allow", "skip", "buffer-one", "cancel-other"] as const)
      assert.equal(act(overlap, null), "fire");
  });

  it("follows the policy", () => {
    assert.deepEqual(
      [act("allow", "run_1"), act("skip", "run_1"), act("buffer-one", "run_1"), act("cancel-other", "run_1")],
      ["fire", "skip", "buffer", "cancel-and-fire"],
    );
  });

  it("buffers only one, even if the previous run has just ended", () => {
    assert.deepEqual([act("buffer-one", "run_1", true), act("buffer-one", null, true)], ["skip", "skip"]);
  });
});
