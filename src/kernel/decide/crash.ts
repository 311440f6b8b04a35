import { defaults } from "../model/limits.ts";

/**
 * Code that kills its process must end as a dead letter without taking its neighbours with it.
 *
 * A run whose holder died without any commit of that run has one unclean end. After the first it runs on in company:
 * an ordinary `kill -9` with 500 runs in flight must not make 499 healthy ones wait for each other. From the second in
 * a row it is a suspect: leased alone among suspects, healthiest first, until it commits. Only such an end is charged.
 *
 * Nobody can tell who sent a SIGKILL. But a run that was charged and commits after all proves that the process was killed
 * from outside, and then no charge counts: in a storm of kills innocents are cleared, while code that kills its process
 * never commits.
 */
export const suspectFrom = 2;

export function isSuspect(uncleanCount: number): boolean {
  return uncleanCount >= suspectFrom;
}

/** Ends that are charged to the run: it was alone when its process died. */
export function chargedDeaths(uncleanCount: number): number {
  return Math.max(0, uncleanCount - suspectFrom);
}

/** Whether a leased run is not to be run any more. */
export function isCrashLoop(uncleanCount: number, deathsMax: number = defaults.crashMax): boolean {
  return chargedDeaths(uncleanCount) > deathsMax;
}
