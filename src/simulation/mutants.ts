import { decideRetry } from "../kernel/decide/retry.ts";
import type { EngineSafeguards } from "../kernel/engine/safeguards.ts";
import { listUndos } from "../kernel/engine/undo.ts";
import type { Journal } from "../kernel/model/journal.ts";
import type { Transition } from "../kernel/model/transition.ts";
import type { StoreSafeguards } from "../stores/sql/safeguards.ts";

/** A planted bug: the simulator must find each within 500 seeds, or it is the simulator that is broken. */
export interface Mutant {
  readonly name: string;
  readonly about: string;
  readonly storeSafeguards?: Partial<StoreSafeguards>;
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
  /** The newest version of a definition goes on with runs of every other. */
  readonly runsNewest?: boolean;
  /** The fence is read before the transaction instead of inside it. */
  readonly checksFenceEarly?: boolean;
  /** A wait is registered and nobody looks a second time. */
  readonly skipsSecondLook?: boolean;
  /** Of two transitions of one run in a batch the last one counts. */
  readonly dropsFromBatch?: boolean;
  /** The key of a scheduled start says nothing of its nominal time. */
  readonly forgetsScheduledTime?: boolean;
  /** A schedule's next time is committed before what it fires. */
  readonly advancesFirst?: boolean;
  /** A refused end is counted. */
  readonly countsStale?: boolean;
  /** A batch that was delayed on its way is written although its sender has gone on since. */
  readonly takesLateBatches?: boolean;
  /** EngineSafeguards of the engine that it breaks. */
  readonly engineSafeguards?: Partial<EngineSafeguards>;
  /** No value is too large. */
  readonly hasNoLimits?: boolean;
  /** What a holder is given of its run's journal. */
  readonly journal?: (journal: Journal) => Journal;
  /** What the store is given of a transition. */
  readonly transition?: (transition: Transition) => Transition;
}

export const mutants: readonly Mutant[] = [
  {
    name: "no-fence",
    about: "any worker may write a run that is live",
    storeSafeguards: { isHolder: (live) => live !== undefined },
  },
  { name: "no-poll", about: "trusts notifications", neverPolls: true },
  { name: "local-clock", about: "judges leases by each worker's clock", usesLocalClock: true },
  { name: "torn-commit", about: "a transition applies in part", tearsTransitions: true },
  {
    name: "event-race",
    about: "a wait does not see the event that came first",
    storeSafeguards: { looksBack: () => false },
  },
  { name: "cancel-race", about: "a run at rest is not final", endsTwice: true },
  { name: "newest-version", about: "the newest version runs everything", runsNewest: true },
  { name: "random-key", about: "a new idempotency key for each attempt", hasRandomKeys: true },
  { name: "stale-journal", about: "outputs are not reloaded after a takeover", forgetsJournal: true },
  { name: "call-order", about: "replay by the order of calls", replaysByCall: true },
  { name: "early-fence", about: "the fence is read without its lock", checksFenceEarly: true },
  { name: "no-second-look", about: "a wait is registered without the second look", skipsSecondLook: true },
  { name: "batch-drop", about: "a batch drops one of two transitions of a run", dropsFromBatch: true },
  {
    name: "innocents",
    about: "a death is charged to all who were there",
    storeSafeguards: { suspectFrom: () => 1_000, allowance: () => 0 },
  },
  { name: "old-event", about: "an event from before the run is accepted", storeSafeguards: { eventFloor: () => 0 } },
  { name: "drift", about: "a counter moves with a stale transition", countsStale: true },
  {
    name: "double-fire",
    about: "a nominal time is fired by each who finds it due",
    forgetsScheduledTime: true,
    storeSafeguards: { isSameRevision: () => true, mayFire: () => true },
  },
  { name: "lost-fire", about: "the next due time is committed before the fire", advancesFirst: true },
  {
    name: "silent-miss",
    about: "what a downtime missed is told nobody",
    storeSafeguards: { countsMissed: () => false },
  },
  {
    name: "endless-retry",
    about: "attempts before a takeover are not counted",
    journal: (journal) => ({ ...journal, attempts: [] }),
  },
  {
    name: "early-retry",
    about: "a takeover forgets the back-off",
    journal: (journal) => ({
      ...journal,
      waits: journal.waits.map((wait) => (wait.kind === "retry" ? { ...wait, dueAt: 0 } : wait)),
    }),
  },
  {
    name: "blind-retry",
    about: "an error that no retry can fix is retried",
    engineSafeguards: {
      decideRetry: (policy, charged, _error, chance) => decideRetry(policy, charged, new Error("any"), chance),
    },
  },
  {
    name: "lost-input",
    about: "the input of a step is not recorded with it",
    transition: (transition) =>
      transition.kind === "advance" && transition.entries !== undefined
        ? { ...transition, entries: transition.entries.map((entry) => ({ ...entry, input: null })) }
        : transition,
  },
  {
    name: "deaf-holder",
    about: "a new holder does not hear of the cancel",
    journal: (journal) => ({ ...journal, arrivals: journal.arrivals.filter((arrival) => arrival.kind !== "cancel") }),
  },
  {
    name: "resume-anew",
    about: "a resume takes back what was done before the failure",
    transition: (transition) =>
      transition.kind === "intervene" && transition.idle.to === "ready" && transition.idle.reopening !== null
        ? { ...transition, idle: { ...transition.idle, reopening: { ...transition.idle.reopening, voidFrom: 1 } } }
        : transition,
  },
  {
    name: "goes-on",
    about: "code that disagrees with its history goes on",
    engineSafeguards: { haltsDiverged: () => false },
  },
  { name: "no-limits", about: "values of any size are recorded", hasNoLimits: true },
  {
    name: "over-limit",
    about: "a key lets one run too many work",
    storeSafeguards: { slotLimit: (limit) => limit + 1 },
  },
  { name: "leaked-slot", about: "a run that ends keeps its slots", storeSafeguards: { releasesSlots: () => false } },
  { name: "no-handover", about: "a freed slot is handed to nobody", storeSafeguards: { handsOver: () => false } },
  {
    name: "no-dead-letter",
    about: "a failed run is no dead letter",
    storeSafeguards: { keepsDeadLetters: () => false },
  },
  {
    name: "double-redrive",
    about: "two processes redrive one run for one act",
    storeSafeguards: { isBulkTurn: () => true },
  },
  {
    name: "undo-in-order",
    about: "steps are undone in the order in which they were done",
    engineSafeguards: { listUndos: (...given) => listUndos(...given).toReversed() },
  },
  {
    name: "undo-again",
    about: "a takeover undoes again what is undone",
    engineSafeguards: {
      listUndos: (history, ...rest) => listUndos({ ...history, undone: new Set() }, ...rest),
    },
  },
  { name: "orphans", about: "a cancel does not reach the children", storeSafeguards: { cancelsChildren: () => false } },
  { name: "park-unread", about: "a run parks over something unread", storeSafeguards: { mayPark: () => true } },
  { name: "late-batch", about: "a batch is written after its sender has gone on", takesLateBatches: true },
];
