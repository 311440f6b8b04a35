import { defaults } from "../model/limits.ts";

/**
 * Code that crashes its process must become a dead letter without affecting other runs.
 *
 * If a run's holder crashes before it commits anything of that run, the run has one crashed lease. After the first it
 * runs alongside others: an ordinary `kill -9` with 500 runs in flight must not make 499 healthy ones wait for each
 * other. After the second in a row it is a crash suspect: leased alone among suspects, healthiest first, until it
 * commits. Only the crashes of a suspect are counted.
 *
 * The sender of a SIGKILL is unknown, but two facts clear a run. If a run with counted crashes commits after all, the
 * process was killed from outside: all counts are reset. If the process crashes while no suspect runs, something else
 * crashes it: each such crash in the last ten minutes allows every suspect one more.
 */
export const suspectFrom = 2;

export function isSuspect(uncleanCount: number): boolean {
  return uncleanCount >= suspectFrom;
}

/** Crashes counted against the run: it was the only suspect when its process crashed. */
export function chargedDeaths(uncleanCount: number): number {
  return Math.max(0, uncleanCount - suspectFrom);
}

/** How long a crash without a suspect raises the allowance, ms. */
export const unexplainedWindowMs = 600_000;
/**
 * Bounds the allowance: code that crashes its process is stopped in the end, however often the process is killed from
 * outside.
 */
const allowanceMax = 10;

/** How many more crashes a run is allowed, given the number of crashes without a suspect. */
export function allowanceFor(unexplainedDeaths: number): number {
  return Math.min(unexplainedDeaths, allowanceMax);
}

/** Whether a leased run must not run again. */
export function isCrashLoop(uncleanCount: number, allowance: number): boolean {
  return chargedDeaths(uncleanCount) > defaults.crashMax + allowance;
}
