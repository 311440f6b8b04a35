import type { Transition } from "../../kernel/model/transition.ts";
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
  readonly looksBack: boolean;
  /** Events up to the run's start are not for it. */
  eventFloor(floor: number): number;
  /** All transitions of a batch count, also several of one run. */
  reduce(batch: readonly Transition[]): readonly Transition[];
  /** A refused transition leaves the counters alone. */
  readonly countsStale: boolean;
  /** Only a run that died alone is charged with the death; a commit clears it. */
  isClearedByCommit: boolean;
  /** A worker is dead when its lease has run out by the store's clock. */
  isExpired(expiresAt: number, now: number): boolean;
  /** A run at rest is not touched by a late write. */
  readonly restIsFinal: boolean;
}

export const rules: Rules = {
  isHolder: (live, fence) => live !== undefined && live.state === state.leased && live.fence === fence,
  mayPark: (unreadCount) => unreadCount === 0,
  looksBack: true,
  eventFloor: (floor) => floor,
  reduce: (batch) => batch,
  countsStale: false,
  isClearedByCommit: true,
  isExpired: (expiresAt, now) => expiresAt <= now,
  restIsFinal: true,
};
