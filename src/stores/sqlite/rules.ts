import { allowanceFor, suspectFrom } from "../../kernel/decide/crash.ts";
import { state } from "./codes.ts";

/**
 * The laws of a write that the whole product rests on, named, so that the simulator can take one away and prove that
 * its loss is found.
 */
export interface Rules {
  /** Only the holder of the newest fence writes a run. */
  isHolder(live: { fence: number; state: number } | undefined, fence: number): boolean;
  /** A run does not park over something that it has not read. */
  mayPark(unreadCount: number): boolean;
  /** A wait also sees the events that came before it was registered. */
  looksBack(): boolean;
  /** Events up to the run's start are not for it. */
  eventFloor(floor: number): number;
  /** A worker is dead when its lease has run out by the store's clock. */
  isExpired(expiresAt: number, now: number): boolean;
  /** Runs with so many unclean ends or more are leased one at a time. */
  suspectFrom(): number;
  /** Deaths that nobody here explains speak for the suspects. */
  allowance(unexplainedDeaths: number): number;
}

export const rules: Rules = {
  isHolder: (live, fence) => live !== undefined && live.state === state.leased && live.fence === fence,
  mayPark: (unreadCount) => unreadCount === 0,
  looksBack: () => true,
  eventFloor: (floor) => floor,
  isExpired: (expiresAt, now) => expiresAt <= now,
  suspectFrom: () => suspectFrom,
  allowance: allowanceFor,
};
