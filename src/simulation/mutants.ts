import type { Rules } from "../stores/sqlite/rules.ts";

/** A planted bug: the simulator must find each within 500 seeds, or it is the simulator that is broken. */
export interface Mutant {
  readonly name: string;
  readonly about: string;
  readonly rules?: Partial<Rules>;
  /** Lets the world see a new idempotency key for each attempt. */
  readonly hasRandomKeys?: boolean;
  /** A replay gets no recorded outputs. */
  readonly forgetsJournal?: boolean;
  /** A replay delivers by the order of asking instead of the recorded one. */
  readonly replaysByCall?: boolean;
  /** Hints are all there is: nobody looks by himself. */
  readonly neverPolls?: boolean;
  /** Leases are judged by the caller's own clock. */
  readonly usesLocalClock?: boolean;
  /** A transition sometimes commits its first part only. */
  readonly tearsTransitions?: boolean;
  /** A late end overwrites a run at rest. */
  readonly endsTwice?: boolean;
  /** The fence is read before the transaction instead of inside it. */
  readonly checksFenceEarly?: boolean;
  /** A wait is registered and nobody looks a second time. */
  readonly skipsSecondLook?: boolean;
  /** Of two transitions of one run in a batch the last one counts. */
  readonly dropsFromBatch?: boolean;
  /** The key of a scheduled start says nothing of its nominal time. */
  readonly forgetsNominal?: boolean;
  /** A schedule's next time is committed before what it fires. */
  readonly advancesFirst?: boolean;
  /** A refused end is counted. */
  readonly countsStale?: boolean;
}

export const mutants: readonly Mutant[] = [
  {
    name: "no-fence",
    about: "any worker may write a run that is live",
    rules: { isHolder: (live) => live !== undefined },
  },
  { name: "no-poll", about: "trusts notifications", neverPolls: true },
  { name: "local-clock", about: "judges leases by each worker's clock", usesLocalClock: true },
  { name: "torn-commit", about: "a transition applies in part", tearsTransitions: true },
  { name: "event-race", about: "a wait does not see the event that came first", rules: { looksBack: () => false } },
  { name: "cancel-race", about: "a run at rest is not final", endsTwice: true },
  { name: "random-key", about: "a new idempotency key for each attempt", hasRandomKeys: true },
  { name: "stale-journal", about: "outputs are not reloaded after a takeover", forgetsJournal: true },
  { name: "call-order", about: "replay by the order of calls", replaysByCall: true },
  { name: "early-fence", about: "the fence is read without its lock", checksFenceEarly: true },
  { name: "no-second-look", about: "a wait is registered without the second look", skipsSecondLook: true },
  { name: "batch-drop", about: "a batch drops one of two transitions of a run", dropsFromBatch: true },
  {
    name: "innocents",
    about: "a death is charged to all who were there",
    rules: { suspectFrom: () => 1_000, allowance: () => 0 },
  },
  { name: "old-event", about: "an event from before the run is accepted", rules: { eventFloor: () => 0 } },
  { name: "miscount", about: "a counter moves with a stale transition", countsStale: true },
  {
    name: "double-fire",
    about: "a nominal time is fired by each who finds it due",
    forgetsNominal: true,
    rules: { isSameRevision: () => true, mayFire: () => true },
  },
  { name: "lost-fire", about: "the next due time is committed before the fire", advancesFirst: true },
  { name: "silent-miss", about: "what a downtime missed is told nobody", rules: { countsMissed: () => false } },
  { name: "park-unread", about: "a run parks over something unread", rules: { mayPark: () => true } },
];
