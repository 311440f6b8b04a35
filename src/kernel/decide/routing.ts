import { defaults } from "../model/limits.ts";

/**
 * Author code that kills or hangs its process must not stop the routing of other events.
 *
 * A try is committed before the code runs, so it counts even if the process ends. The first try runs alongside others:
 * an ordinary `kill -9` must not make healthy events wait for each other. Every further try runs alone, so that only the
 * event that causes a crash collects three of them. After the last try the event is held until a person routes it again.
 */
export const aloneFrom = 1;

/** Whether the next try of an event with this many tries runs alone. */
export function isNextAlone(tries: number): boolean {
  return tries >= aloneFrom;
}

/** Whether an event whose tries all ended without a result is held. */
export function isSpent(tries: number): boolean {
  return tries >= defaults.routing.triesMax;
}

/** The tries that a person's request leaves an event: one is used, so that all that follow run alone. */
export const triesAfterRetry = aloneFrom;
