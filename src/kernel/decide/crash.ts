import { defaults } from "../model/limits.ts";

/**
 * Code that kills its process must end as a dead letter without taking its neighbours with it.
 *
 * A run whose holder died without any commit of that run has one unclean end. After the first it runs on in company:
 * an ordinary `kill -9` with 500 runs in flight must not make 499 healthy ones wait for each other. From the second in
 * a row it is a suspect: leased alone among suspects, healthiest first, until it commits. Only such an end is charged.
 *
 * Nobody can tell who sent a SIGKILL, but two things speak for an innocent. A run that was charged and commits after
 * all proves that the process was killed from outside: then no charge counts. And a death while no suspect ran shows that
 * something else kills this process: each one of the last ten minutes buys every suspect one more.
 */
export const suspectFrom = 2;

export function isSuspect(uncleanCount: number): boolean {
  return uncleanCount >= suspectFrom;
}

/** Ends that are charged to the run: it was alone when its process died. */
export function chargedDeaths(uncleanCount: number): number {
  return Math.max(0, uncleanCount - suspectFrom);
}

/** Deaths that no suspect explains count for so long, ms. */
export const unexplainedWindowMs = 600_000;
/** However often the process is killed from outside, code that kills it is stopped in the end. */
const allowanceMax = 10;

/** How many more deaths a run may be charged with when so many others had no suspect to explain them. */
export function allowanceFor(unexplainedDeaths: number): number {
  return Math.min(unexplainedDeaths, allowanceMax);
}

/** Whether a leased run is not to be run any more. */
export function isCrashLoop(uncleanCount: number, allowance: number): boolean {
  return chargedDeaths(uncleanCount) > defaults.crashMax + allowance;
}
