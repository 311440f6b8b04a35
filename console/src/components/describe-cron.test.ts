import assert from "node:assert/strict";
import { test } from "node:test";
import { describeCron, timeOfDay } from "./describe-cron.ts";
import { fromWallClock, toWallClock } from "./time.ts";

const cases: readonly (readonly [string, string | null])[] = [
  ["* * * * *", "every minute"],
  ["*/15 * * * *", "every 15 minutes"],
  ["0 * * * *", "every hour"],
  ["5,35 * * * *", "every hour at minute 5 and 35"],
  ["0 */2 * * *", "every 2 hours"],
  ["30 2 * * *", "at 02:30 every day"],
  ["0 9 * * 1-5", "at 09:00, Monday to Friday"],
  ["0 9 * * MON,WED", "at 09:00, Monday and Wednesday"],
  ["0 9,17 * * *", "at 09:00 and 17:00 every day"],
  ["*/10 9-17 * * 1-5", "every 10 minutes from 09:00 to 17:59, Monday to Friday"],
  ["0 0 1 * *", "at 00:00, on day 1 of the month"],
  ["0 0 L * *", "at 00:00, on the last day of the month"],
  ["0 6 1,15 3 *", "at 06:00, on day 1 and 15 of the month in March"],
  ["0 6 1 * 1", "at 06:00, on day 1 of the month or Monday"],
  ["*/5 * * * * *", "every 5 seconds"],
  ["0 30 2 * * *", "at 02:30 every day"],
  ["@daily", "at 00:00 every day"],
  ["0 9 * * 1#2", null],
  ["0 9 15W * *", null],
  ["1-7/2 3 * * *", null],
  ["99 3 * * *", null],
  ["nonsense", null],
];

for (const [pattern, words] of cases)
  test(`${pattern} is ${words ?? "not described"}`, () => assert.equal(describeCron(pattern), words));

test("timeOfDay returns the time of a pattern with exactly one", () => {
  assert.equal(timeOfDay("30 2 * * *"), "02:30");
  assert.equal(timeOfDay("0 5 4 * * *"), "04:05");
  assert.equal(timeOfDay("*/5 2 * * *"), null);
});

test("wall clock times are converted in their time zone, also on days of a clock change", () => {
  assert.equal(fromWallClock("2026-07-01T09:00", "Europe/Berlin"), "2026-07-01T07:00:00.000Z");
  assert.equal(fromWallClock("2026-03-29T03:00", "Europe/Berlin"), "2026-03-29T01:00:00.000Z");
  assert.equal(fromWallClock("2026-12-31T23:30", "America/New_York"), "2027-01-01T04:30:00.000Z");
  assert.equal(fromWallClock("", "UTC"), null);
  assert.equal(toWallClock("2026-03-29T01:00:00.000Z", "Europe/Berlin"), "2026-03-29T03:00");
});
