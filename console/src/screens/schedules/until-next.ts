import type { ScheduleSummary } from "@wire/schedule.ts";
import { serverNow } from "../../shell/clock.tsx";

const leastMs = 5_000;
const mostMs = 3_600_000;

/** Time until the earliest next firing has passed, ms, after which the list is refetched; false: no next firing. */
export function msUntilNext(schedules: readonly Pick<ScheduleSummary, "next">[]): number | false {
  const times = schedules.flatMap(({ next: [first] }) => (first === undefined ? [] : [Date.parse(first.at)]));
  if (times.length === 0) return false;
  return Math.min(mostMs, Math.max(leastMs, Math.min(...times) - serverNow() + 1_000));
}
