import assert from "node:assert/strict";
import { test } from "node:test";
import { runTimeOf } from "./run-time.ts";

const minute = 60_000;

test("overlapping attempts count once, and long pauses between them are reported", () => {
  const attempts = [
    { from: 10 * minute, to: 12 * minute },
    { from: 0, to: 1_000 },
    { from: 500, to: 3_000 },
  ];
  assert.deepEqual(runTimeOf(attempts, { from: 0, endedAt: 12 * minute, now: 99 * minute }), {
    busyMs: 3_000 + 2 * minute,
    idle: [{ from: 3_000, to: 10 * minute }],
  });
});

test("a run that has not ended is idle until now, without an end", () => {
  const attempts = [{ from: 0, to: 1_000 }];
  assert.deepEqual(runTimeOf(attempts, { from: 0, endedAt: null, now: 5 * minute }), {
    busyMs: 1_000,
    idle: [{ from: 1_000, to: null }],
  });
});

test("a running attempt is busy until now, and time outside the run is cut off", () => {
  assert.deepEqual(runTimeOf([{ from: 1_000, to: null }], { from: 0, endedAt: null, now: 5 * minute }), {
    busyMs: 5 * minute - 1_000,
    idle: [],
  });
  assert.equal(runTimeOf([{ from: -5_000, to: 5_000 }], { from: 0, endedAt: 2_000, now: 9_000 }).busyMs, 2_000);
});

test("of very many pauses the longest are kept, in order", () => {
  const attempts = Array.from({ length: 300 }, (_, i) => ({ from: i * 10 * minute, to: i * 10 * minute + (i % 7) }));
  const { idle } = runTimeOf(attempts, { from: 0, endedAt: 3_000 * minute, now: 0 });
  assert.equal(idle.length, 100);
  assert.deepEqual(
    idle,
    idle.toSorted((a, b) => a.from - b.from),
  );
});
