import assert from "node:assert/strict";
import { test } from "node:test";
import { perform } from "./database.ts";
import { openMemoryDatabase } from "./open.ts";
import { MachineClock } from "./store-clock.ts";

test("store time never goes back, and continues at the pace of a clock that was set back", () => {
  const db = openMemoryDatabase();
  let machine = 10_000;
  const clock = new MachineClock(db, () => machine);
  const at = (ms: number): number => {
    machine = ms;
    return clock.now();
  };
  assert.deepEqual(
    [at(10_000), at(11_000), at(4_000), at(4_500), at(4_400), at(5_000)],
    [10_000, 11_000, 11_000, 11_500, 11_500, 12_100],
  );
  perform(clock.save());
  const next = new MachineClock(db, () => machine);
  assert.equal(next.now(), 12_100);
  machine = 20_000;
  assert.equal(next.now(), 20_000);
});
