import type { Stretch } from "@wire/run.ts";

/**
 * Maps time to an axis of width 1. Long idle periods are folded into notches of a fixed width, so that work remains
 * readable next to a wait of 26 hours. Times inside a notch are mapped within it, so the order of times is kept.
 */
export interface Scale {
  /** In [0, 1], increasing with time. Times outside the run are clamped. */
  readonly at: (ms: number) => number;
  readonly notches: readonly Notch[];
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly Tick[];
}

export interface Notch {
  readonly from: number;
  readonly to: number;
  /** Share of the axis. */
  readonly start: number;
  readonly width: number;
}

export interface Tick {
  readonly at: number;
  /** Since the run's start, ms. */
  readonly elapsedMs: number;
}

const notchShare = 0.06;
/** Maximum share of all notches together. */
const notchesMax = 0.6;

/** Builds the time scale of a run. */
export function makeScale({
  from,
  to,
  busyMs,
  idle,
  isFolded = true,
}: {
  from: number;
  to: number;
  busyMs: number;
  idle: readonly Stretch[];
  isFolded?: boolean;
}): Scale {
  const end = Math.max(to, from + 1);
  const longMs = Math.max(60_000, busyMs / 4);
  const folds = isFolded
    ? idle
        .map((period) => ({
          from: Math.max(from, Date.parse(period.from)),
          to: Math.min(end, period.to === null ? end : Date.parse(period.to)),
        }))
        .filter((period) => period.to - period.from > longMs)
    : [];
  const width = folds.length === 0 ? 0 : Math.min(notchShare, notchesMax / folds.length);
  const foldedMs = folds.reduce((sum, fold) => sum + (fold.to - fold.from), 0);
  const openMs = Math.max(1, end - from - foldedMs);
  const perMs = (1 - width * folds.length) / openMs;
  const notches: Notch[] = [];
  let start = 0;
  let seen = from;
  for (const fold of folds) {
    start += (fold.from - seen) * perMs;
    notches.push({ ...fold, start, width });
    start += width;
    seen = fold.to;
  }
  const at = (ms: number): number => {
    const time = Math.min(Math.max(ms, from), end);
    const inside = notches.find((notch) => time >= notch.from && time < notch.to);
    if (inside !== undefined) return inside.start + (inside.width * (time - inside.from)) / (inside.to - inside.from);
    const before = notches.findLast((notch) => notch.to <= time);
    const base = before === undefined ? 0 : before.start + before.width;
    return Math.min(1, base + (time - (before?.to ?? from)) * perMs);
  };
  return { at, notches, from, to: end, ticks: ticksOf(from, end, notches, openMs, at) };
}

const ticksWanted = 7;
const steps = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
];
const longSteps = [600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000];

/** Ticks at round times outside the notches. */
function ticksOf(
  from: number,
  to: number,
  notches: readonly Notch[],
  openMs: number,
  at: (ms: number) => number,
): readonly Tick[] {
  const minStepMs = openMs / ticksWanted;
  const step =
    [...steps, ...longSteps].find((each) => each >= minStepMs) ?? Math.ceil(minStepMs / 86_400_000) * 86_400_000;
  const parts = [from, ...notches.flatMap((notch) => [notch.from, notch.to]), to];
  const ticks: Tick[] = [];
  for (let i = 0; i < parts.length; i += 2) {
    const begin = parts[i] ?? 0;
    const stop = parts[i + 1] ?? begin;
    const base = i === 0 ? from : begin;
    for (let ms = base; ms < stop - step / 3; ms += step) ticks.push({ at: at(ms), elapsedMs: ms - from });
  }
  return ticks.filter((tick, i) => i === 0 || tick.at - (ticks[i - 1]?.at ?? 0) > 0.04);
}
