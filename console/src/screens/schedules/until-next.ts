import type { ScheduleSummary } from "@wire/schedule.ts";
import { serverNow } from "../../shell/clock.tsx";

const leastMs = 5_000;
const mostMs = 3_600_000;

/** In ms until the first of the next times has passed, when another one comes after it; false: none is to come. */
export function untilNext(schedules: readonly Pick<ScheduleSummary, "next">[]): number | false {
  const times = schedules.flatMap(({ next: [first] }) => (first === undefined ? [] : [Date.parse(first.at)]));
  if (times.length === 0) return false;
  return Math.min(mostMs, Math.max(leastMs, Math.min(...times) - serverNow() + 1_000));
}
