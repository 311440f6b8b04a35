import type { RunTime, Span } from "../model/run-time.ts";

/** Shorter pauses are not shown in a timeline. */
const idleMinMs = 60_000;
const idleMax = 100;

/**
 * Computes how a run spent its time from its attempts, which may overlap. Until the run has ended, `endedAt` is null
 * and `now` is used. Pure.
 */
export function runTimeOf(
  attempts: readonly Span[],
  { from, endedAt, now }: { from: number; endedAt: number | null; now: number },
): RunTime {
  const end = endedAt ?? now;
  const ordered = attempts.toSorted((a, b) => a.from - b.from);
  const idle: Span[] = [];
  let busyMs = 0;
  let seenTo = from;
  for (const attempt of ordered) {
    const start = Math.max(attempt.from, seenTo);
    const stop = Math.min(attempt.to ?? end, end);
    if (stop <= seenTo) continue;
    if (start - seenTo > idleMinMs) idle.push({ from: seenTo, to: start });
    busyMs += stop - start;
    seenTo = stop;
  }
  if (end - seenTo > idleMinMs) idle.push({ from: seenTo, to: endedAt });
  return { busyMs, idle: longest(idle, end) };
}

function longest(idle: readonly Span[], end: number): readonly Span[] {
  if (idle.length <= idleMax) return idle;
  const length = ({ from, to }: Span): number => (to ?? end) - from;
  return idle
    .toSorted((a, b) => length(b) - length(a))
    .slice(0, idleMax)
    .toSorted((a, b) => a.from - b.from);
}
