import { decideRetry } from "../kernel/decide/retry.ts";
import type { EngineSafeguards } from "../kernel/engine/safeguards.ts";
import { listUndos } from "../kernel/engine/undo.ts";
import type { Journal } from "../kernel/model/journal.ts";
import type { Transition } from "../kernel/model/transition.ts";
import type { StoreSafeguards } from "../stores/sql/safeguards.ts";

/** A planted bug. If the simulator does not find it within 500 seeds, the simulator is broken. */
export interface Mutant {
  readonly name: string;
  readonly about: string;
  readonly storeSafeguards?: Partial<StoreSafeguards>;
  /** Each attempt shows the world a new idempotency key. */
  readonly hasRandomKeys?: boolean;
  /** A replay gets no recorded outputs. */
  readonly forgetsJournal?: boolean;
  /** A replay delivers results in the order of the calls instead of the recorded order. */
  readonly replaysByCall?: boolean;
  /** Workers rely on hints alone and never poll. */
  readonly neverPolls?: boolean;
  /** Leases are judged by the caller's own clock. */
  readonly usesLocalClock?: boolean;
  /** A transition sometimes commits its first part only. */
  readonly tearsTransitions?: boolean;
  /** A late end overwrites the end of a run. */
  readonly endsTwice?: boolean;
  /** The newest version of a definition continues the runs of all others. */
  readonly runsNewest?: boolean;
  /** The fence is read before the transaction instead of inside it. */
  readonly checksFenceEarly?: boolean;
  /** A wait is registered and not checked for events a second time. */
  readonly skipsSecondCheck?: boolean;
  /** Only the last of two transitions of one run in a batch is applied. */
  readonly dropsFromBatch?: boolean;
  /** The key of a scheduled start does not contain its scheduled time. */
  readonly forgetsScheduledTime?: boolean;
  /** A schedule's next time is committed before its firing. */
  readonly advancesFirst?: boolean;
  /** A refused end is counted. */
  readonly countsStale?: boolean;
  /** A delayed batch is written although its sender has written later ones. */
  readonly acceptsLateBatches?: boolean;
  /** Safeguards of the engine that it disables. */
  readonly engineSafeguards?: Partial<EngineSafeguards>;
  /** No value is too large. */
  readonly hasNoLimits?: boolean;
  /** Changes the journal that a holder loads. */
  readonly journal?: (journal: Journal) => Journal;
  /** Changes the transition that the store receives. */
  readonly transition?: (transition: Transition) => Transition;
}

export const mutants: readonly Mutant[] = [
  {
    name: "no-fence",
    about: "any worker may write any live run",
    storeSafeguards: { isHolder: (live) => live !== undefined },
  },
  { name: "no-poll", about: "workers rely on notifications and never poll", neverPolls: true },
  { name: "local-clock", about: "leases expire by each worker's own clock", usesLocalClock: true },
  { name: "torn-commit", about: "a transition is applied in part", tearsTransitions: true },
  {
    name: "event-race",
    about: "a wait does not receive an event that arrived before it",
    storeSafeguards: { looksBack: () => false },
  },
  { name: "cancel-race", about: "a late end overwrites the end of a run", endsTwice: true },
  { name: "newest-version", about: "the newest version continues every run", runsNewest: true },
  { name: "random-key", about: "each attempt has a new idempotency key", hasRandomKeys: true },
  { name: "stale-journal", about: "outputs are not reloaded after a takeover", forgetsJournal: true },
  { name: "call-order", about: "a replay delivers results in the order of the calls", replaysByCall: true },
  { name: "early-fence", about: "the fence is read without its lock", checksFenceEarly: true },
  { name: "no-second-look", about: "a new wait is not checked for events a second time", skipsSecondCheck: true },
  { name: "batch-drop", about: "a batch drops all but the last transition of a run", dropsFromBatch: true },
  {
    name: "innocents",
    about: "a crash counts against every run on the process",
    storeSafeguards: { suspectFrom: () => 1_000, allowance: () => 0 },
  },
  {
    name: "old-event",
    about: "a run accepts an event that is older than the run",
    storeSafeguards: { eventFloor: () => 0 },
  },
  { name: "miscount", about: "a stale transition changes a counter", countsStale: true },
  {
    name: "double-fire",
    about: "every process that finds a scheduled time due fires it",
    forgetsScheduledTime: true,
    storeSafeguards: { isSameRevision: () => true, mayFire: () => true },
  },
  { name: "lost-fire", about: "the next due time is committed before the firing", advancesFirst: true },
  {
    name: "silent-miss",
    about: "times missed during a downtime are not reported",
    storeSafeguards: { countsMissed: () => false },
  },
  {
    name: "deaf-chain",
    about: "a run continues as a new one over a request that it has not read",
    storeSafeguards: { obeysUnread: () => false },
  },
  {
    name: "read-again",
    about: "a later part of a chain receives an event that an earlier part has received",
    storeSafeguards: { readsAsChain: () => false },
  },
  {
    name: "left-children",
    about: "the cancel of a chain does not reach the children of earlier parts",
    storeSafeguards: { chainOf: () => -1 },
  },
  {
    name: "lost-join",
    about: "a call that joins a run is not told its end",
    storeSafeguards: { joins: () => false },
  },
  {
    name: "applied-twice",
    about: "the starts of an advance are applied again although its entry exists",
    storeSafeguards: { isApplied: () => false },
  },
  {
    name: "uncounted-try",
    about: "routing tries are not counted",
    storeSafeguards: { nextTry: (tries) => tries },
  },
  {
    name: "stale-warm",
    about: "a parked run in memory continues although another worker has held it since",
    engineSafeguards: { isNextFence: () => true },
  },
  {
    name: "kept-place",
    about: "a throttled start that is cancelled keeps its place",
    storeSafeguards: { givesPlaceBack: () => false },
  },
  {
    name: "endless-retry",
    about: "attempts before a takeover are not counted",
    journal: (journal) => ({ ...journal, attempts: [] }),
  },
  {
    name: "early-retry",
    about: "a takeover forgets the retry backoff",
    journal: (journal) => ({
      ...journal,
      waits: journal.waits.map((wait) => (wait.kind === "retry" ? { ...wait, dueAt: 0 } : wait)),
    }),
  },
  {
    name: "blind-retry",
    about: "a non-retryable error is retried",
    engineSafeguards: {
      decideRetry: (policy, charged, _error, ...rest) => decideRetry(policy, charged, new Error("any"), ...rest),
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
    about: "a new holder does not receive the cancel",
    journal: (journal) => ({ ...journal, arrivals: journal.arrivals.filter((arrival) => arrival.kind !== "cancel") }),
  },
  {
    name: "resume-anew",
    about: "a resume discards the steps completed before the failure",
    transition: (transition) =>
      transition.kind === "intervene" && transition.idle.to === "ready" && transition.idle.reopening !== null
        ? { ...transition, idle: { ...transition.idle, reopening: { ...transition.idle.reopening, voidFrom: 1 } } }
        : transition,
  },
  {
    name: "goes-on",
    about: "code that disagrees with its history continues",
    engineSafeguards: { haltsDiverged: () => false },
  },
  { name: "no-limits", about: "values of any size are recorded", hasNoLimits: true },
  {
    name: "over-limit",
    about: "a concurrency key leases one run above its limit",
    storeSafeguards: { slotLimit: (limit) => limit + 1 },
  },
  { name: "leaked-slot", about: "a run that ends keeps its slots", storeSafeguards: { releasesSlots: () => false } },
  { name: "no-handover", about: "a freed slot is not handed over", storeSafeguards: { handsOver: () => false } },
  {
    name: "no-dead-letter",
    about: "a failed run does not become a dead letter",
    storeSafeguards: { keepsDeadLetters: () => false },
  },
  {
    name: "double-redrive",
    about: "two processes redrive a run in one bulk operation",
    storeSafeguards: { isBulkTurn: () => true },
  },
  {
    name: "undo-in-order",
    about: "steps are compensated oldest first",
    engineSafeguards: { listUndos: (...given) => listUndos(...given).toReversed() },
  },
  {
    name: "undo-again",
    about: "a takeover compensates steps again",
    engineSafeguards: {
      listUndos: (history, ...rest) => listUndos({ ...history, undone: new Set() }, ...rest),
    },
  },
  { name: "orphans", about: "a cancel does not reach the children", storeSafeguards: { cancelsChildren: () => false } },
  {
    name: "running-loser",
    about: "a branch that loses a race leaves its child running",
    engineSafeguards: { stopsChildren: () => false },
  },
  {
    name: "busy-siblings",
    about: "the other items of a failed map go on",
    engineSafeguards: { stopsSiblings: () => false },
  },
  {
    name: "deaf-end",
    about: "a run completes although its code ignored a failure",
    engineSafeguards: { hearsFailures: () => false },
  },
  {
    name: "forgotten-cleanup",
    about: "the cancel of a parked run does not call its cleanups",
    storeSafeguards: { keepsCleanups: () => false },
  },
  { name: "no-cleanup", about: "a stopped branch is not cleaned up", engineSafeguards: { cleansUp: () => false } },
  { name: "kept-loser", about: "a lost branch is not undone", engineSafeguards: { undoesLosers: () => false } },
  { name: "park-unread", about: "a run parks with an unread arrival", storeSafeguards: { mayPark: () => true } },
  { name: "late-batch", about: "a late batch is written after newer ones", acceptsLateBatches: true },
];
