import { allowanceFor, suspectFrom } from "../../kernel/decide/crash.ts";
import { state } from "./codes.ts";

/**
 * The checks on writes that the whole product depends on. They are named so that the simulator can disable one and
 * prove that its loss is detected.
 */
export interface StoreSafeguards {
  /** Only the holder of the newest fence writes a run. */
  isHolder(live: { fence: number; state: number } | undefined, fence: number): boolean;
  /** A run with unread messages does not park. */
  mayPark(unreadCount: number): boolean;
  /** A wait also receives events that arrived before it was registered. */
  looksBack(): boolean;
  /** A run does not receive events from before its start. */
  eventFloor(floor: number): number;
  /** A worker is dead when its lease has expired by the store's clock. */
  isExpired(expiresAt: number, now: number): boolean;
  /** Runs with this many crashed leases or more are leased one at a time. */
  suspectFrom(): number;
  /** How many runs of a key may hold a slot at once. */
  slotLimit(limit: number): number;
  /** A run that ends or waits releases its slots. */
  releasesSlots(): boolean;
  /** A failed run becomes a dead letter. */
  keepsDeadLetters(): boolean;
  /** A bulk operation acts only on a run whose turn is still open. */
  isBulkTurn(isOpen: boolean): boolean;
  /** A cancel also cancels the children. */
  cancelsChildren(): boolean;
  /** A run that would fail or continue as a new run first obeys a request that it has not read. */
  obeysUnread(): boolean;
  /** An advance whose first entry is there already was applied as a whole. */
  isApplied(): boolean;
  /** A later part of a chain counts as the chain. */
  chainOf(chain: number): number;
  /** A call that joins a run is told its end. */
  joins(): boolean;
  /** A chain does not receive again what an earlier part has received. */
  readsAsChain(): boolean;
  /** What sets an ended run going again asks what its start asked. */
  asksAgain(): boolean;
  /** Whoever joins a run locks it before it reads the run's state. */
  locksFirst(): boolean;
  /** A cancel of an idle run leaves it to its cleanups. */
  keepsCleanups(): boolean;
  /** A throttled start that is cancelled before its time gives its place back. */
  givesPlaceBack(): boolean;
  /** A freed slot goes to the first run in its queue. */
  handsOver(): boolean;
  /** Crashes without a suspect raise the allowance of the suspects. */
  allowance(unexplainedDeaths: number): number;
  /** Firings are accepted only if the schedule has not changed since they were decided. */
  isSameRevision(now: number, seen: number): boolean;
  /** A scheduled time gets at most one run. */
  mayFire(isTaken: boolean): boolean;
  /** Missed scheduled times are recorded. */
  countsMissed(): boolean;
  /** The number of an event's next routing try. */
  nextTry(tries: number): number;
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
  obeysUnread: () => true,
  isApplied: () => true,
  chainOf: (chain) => chain,
  joins: () => true,
  readsAsChain: () => true,
  asksAgain: () => true,
  locksFirst: () => true,
  givesPlaceBack: () => true,
  keepsCleanups: () => true,
  allowance: allowanceFor,
  isSameRevision: (now, seen) => now === seen,
  mayFire: (isTaken) => !isTaken,
  countsMissed: () => true,
  nextTry: (tries) => tries + 1,
};
