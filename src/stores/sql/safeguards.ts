import { allowanceFor, suspectFrom } from "../../kernel/decide/crash.ts";
import { state } from "./codes.ts";

/**
 * The laws of a write that the whole product rests on, named, so that the simulator can take one away and prove that
 * its loss is found.
 */
export interface StoreSafeguards {
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
  /** How many runs of a key may hold a slot at once. */
  slotLimit(limit: number): number;
  /** A run that ends or waits gives its slots back. */
  releasesSlots(): boolean;
  /** A run that fails is a dead letter. */
  keepsDeadLetters(): boolean;
  /** A bulk act's verb is carried out on a run whose turn is open, and on no other. */
  isBulkTurn(isOpen: boolean): boolean;
  /** A cancel reaches the children. */
  cancelsChildren(): boolean;
  /** Whoever frees a slot hands it to the first in line. */
  handsOver(): boolean;
  /** Deaths that nobody here explains speak for the suspects. */
  allowance(unexplainedDeaths: number): number;
  /** A round of fires counts when the schedule has not moved since it was decided. */
  isSameRevision(now: number, seen: number): boolean;
  /** A nominal time that has its run gets no other. */
  mayFire(isTaken: boolean): boolean;
  /** Nominal times that are missed are written down. */
  countsMissed(): boolean;
}

export const safeguards: StoreSafeguards = {
  isHolder: (live, fence) => live !== undefined && live.state === state.leased && live.fence === fence,
  mayPark: (unreadCount) => unreadCount === 0,
  looksBack: () => true,
  eventFloor: (floor) => floor,
  isExpired: (expiresAt, now) => expiresAt <= now,
  suspectFrom: () => suspectFrom,
  slotLimit: (limit) => limit,
  releasesSlots: () => true,
  handsOver: () => true,
  keepsDeadLetters: () => true,
  isBulkTurn: (isOpen) => isOpen,
  cancelsChildren: () => true,
  allowance: allowanceFor,
  isSameRevision: (now, seen) => now === seen,
  mayFire: (isTaken) => !isTaken,
  countsMissed: () => true,
};
