import type { Audit } from "./audit.ts";
import type { BulkOutcomeOf, BulkTransition } from "./bulk.ts";
import type { ErrorRecord } from "./errors.ts";
import type { AttemptOutcome, Entry, Reopening, Request, WaitKind } from "./journal.ts";
import type { LifeOutcomeOf, LifeTransition } from "./life.ts";
import type { Reason } from "./reason.ts";
import type { RouteEvent, RoutingOutcome, RoutingTransition, RoutingTry } from "./routing.ts";
import type { Compensation, LeasedRun, RunMark } from "./run.ts";
import type { ScheduleOutcome, ScheduleTransition } from "./schedule-acts.ts";
import type { StartRun } from "./start-run.ts";
import type { VersionOutcome, VersionTransition } from "./version.ts";
import type { ViewOutcome, ViewTransition } from "./view.ts";

/**
 * A transition lists everything that one decision changes; the store applies all of it or none. Transitions contain
 * delays, never timestamps of the sender's clock: the store adds its own time inside the transaction.
 */
export type Transition =
  | StartRun
  | Advance
  | AcceptEvent
  | RouteEvent
  | RoutingTransition
  | Intervene
  | VersionTransition
  | ScheduleTransition
  | BulkTransition
  | LifeTransition
  | ViewTransition
  | NoteAudit;

/** A wait to register. `dueAt` is for times that the author specified; everything else is a delay. */
export interface WaitOpening {
  readonly key: string;
  readonly kind: WaitKind;
  readonly dueInMs?: number;
  readonly dueAt?: number;
  readonly name?: string;
  readonly match?: Readonly<Record<string, MatchValue>>;
  readonly lookbackMs?: number;
  readonly attempt?: number;
}

export type MatchValue = string | number | boolean | null;

/** An event to accept. `id` is unique for its source. */
export interface EventIn {
  readonly name: string;
  readonly data: string | null;
  readonly source: string;
  readonly id: string;
  /** Stored instead of a sensitive `data`, which is used only for matching. */
  readonly sealed?: string;
}

export interface AttemptClosing {
  readonly key: string;
  readonly number: number;
  readonly charged: boolean;
  readonly outcome: AttemptOutcome;
  readonly error: ErrorRecord | null;
  readonly tookMs: number;
}

export interface LogLine {
  readonly key: string | null;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly data: string | null;
}

/** Progress of a long attempt, for people. */
export interface Showing {
  readonly key: string;
  readonly attempt: number;
  readonly progress: number | null;
  readonly note: string | null;
}

/** The run's state after an advance. Without `next` the holder keeps it. */
export type Next =
  /** The run waits. The holder keeps it instead if something unread has arrived. */
  | { readonly state: "parked" }
  /** Hand-back: another worker may lease it at once. */
  | { readonly state: "ready"; readonly reason?: Reason; readonly delayMs?: number }
  | { readonly state: "suspended"; readonly reason: Reason; readonly stopsClocks?: boolean }
  /** Hand-back for compensation: children are cancelled, and the next holder replays it and runs its undos. */
  | { readonly state: "compensating"; readonly compensation: Compensation }
  /** `continuesAs`: a new run that continues this one, with an empty history. */
  | { readonly state: "completed"; readonly output: string | null; readonly continuesAs?: StartRun }
  | {
      readonly state: "failed";
      readonly error: ErrorRecord;
      readonly fingerprint: string;
      readonly step: string | null;
      /** Set after a compensation. A fully compensated run is not a dead letter. */
      readonly reason?: Extract<Reason, { code: "compensated" | "compensation-failed" }>;
      /** It was cleaned up, not compensated: a resume continues its code. */
      readonly isCleanedUp?: boolean;
    }
  | { readonly state: "cancelled"; readonly reason: Reason };

/** A change of a held run, guarded by its fence. */
export interface Advance {
  readonly kind: "advance";
  readonly run: number;
  readonly fence: number;
  readonly entries?: readonly Entry[];
  readonly attempts?: readonly AttemptClosing[];
  readonly opens?: readonly WaitOpening[];
  readonly closes?: readonly string[];
  /** Keys of awaited children whose branch was stopped: they are cancelled, and the run no longer hears from them. */
  readonly cancels?: readonly string[];
  /** Waits that these entries end by timeout: refused as unread if an event arrived first. */
  readonly expires?: readonly string[];
  readonly starts?: readonly StartRun[];
  readonly events?: readonly EventIn[];
  /** Events to seal now, because a wait received them as sensitive. */
  readonly sealEvents?: readonly { readonly source: string; readonly id: string; readonly data: string }[];
  /** Arrivals that these entries record in the history. */
  readonly read?: readonly number[];
  readonly attributes?: string;
  readonly logs?: readonly LogLine[];
  readonly shows?: readonly Showing[];
  readonly next?: Next;
}

/** An event from outside, together with the runs that it triggers, in one transaction. */
export interface AcceptEvent {
  readonly kind: "event";
  readonly event: EventIn;
  /** False: the event is stored before it is evaluated what it starts. */
  readonly isRouted: boolean;
  /** The worker that routes it next: its first try counts from this commit. Without effect if the worker is dead. */
  readonly triedBy?: number;
  readonly starts: readonly StartRun[];
  readonly refused: readonly string[];
}

/** Something that a person did with a run without changing it, such as reading a sensitive value. */
export interface NoteAudit {
  readonly kind: "audit";
  readonly run: number;
  readonly audit: Audit;
}

/** The change of a run that no worker holds. */
export type Idle =
  | {
      readonly to: "ready";
      readonly reopening: Reopening | null;
      readonly input?: string;
      /** For an ended run that continues its compensation but no longer has a dead letter that says so. */
      readonly compensation?: Compensation;
    }
  | { readonly to: "suspended"; readonly reason: Reason; readonly stopsClocks?: boolean }
  | { readonly to: "cancelled"; readonly reason: Reason }
  | { readonly to: "compensating"; readonly compensation: Compensation }
  /** A dead letter that will not be repaired. */
  | { readonly to: "dismissed"; readonly reason: Reason }
  | { readonly to: "retried" };

/**
 * A recovery action. A held run receives it as an arrival, because only its holder writes its history. An idle run is
 * changed at once, under a raised fence, if it is still in the state that the decision saw.
 */
export interface Intervene {
  readonly kind: "intervene";
  readonly run: number;
  readonly seen: RunMark;
  readonly idle: Idle;
  readonly held: Request | null;
  /**
   * The decision does not depend on what the run has done: it applies to the open part of the run's chain, in whatever
   * state that is, and `seen` is not compared.
   */
  readonly isUnconditional?: boolean;
  readonly audit: Audit;
  /** The bulk operation that this is part of: its result is written with it. */
  readonly bulk?: { readonly no: number; readonly place: number };
}

/** The result of a transition. A stale fence or a changed mark is a result, not an exception. */
export type Outcome =
  | {
      readonly ok: true;
      readonly at: number;
      readonly run: LeasedRun;
      readonly isCreated: boolean;
      readonly isLeased: boolean;
    }
  /**
   * `isUnread`: something arrived that the holder has not read. The holder keeps the run; a run that was about to fail
   * is cancelled.
   */
  | {
      readonly ok: true;
      readonly at: number;
      readonly isUnread: boolean;
      /** Starts of the advance that did not create the run that they name. */
      readonly diverted?: readonly DivertedStart[];
    }
  | {
      readonly ok: true;
      readonly at: number;
      readonly event: number;
      readonly id: string;
      readonly matched: number;
      readonly isDuplicate: boolean;
      /** The routing try that the caller holds; null: none. */
      readonly try: RoutingTry | null;
    }
  | { readonly ok: true; readonly at: number; readonly isHeld: boolean }
  | RoutingOutcome
  | VersionOutcome
  | ScheduleOutcome
  | BulkOutcomeOf
  | LifeOutcomeOf
  | ViewOutcome
  | { readonly ok: false; readonly why: "stale" }
  | { readonly ok: false; readonly why: "unread" }
  | StartRefusal;

/**
 * Why a start was refused: its idempotency key belongs to run `id` with another input, its rate limit is reached, or
 * run `id` is open and the definition is a singleton.
 */
export type StartRefusal =
  | { readonly ok: false; readonly why: "key-conflict"; readonly id: string }
  | { readonly ok: false; readonly why: "rate-limited"; readonly key: string; readonly retryInMs: number }
  | { readonly ok: false; readonly why: "skipped"; readonly key: string; readonly id: string };

/** A start that its run's code requested under `key` and that was merged into another run, or refused. */
export type DivertedStart =
  | { readonly key: string; readonly run: string }
  | { readonly key: string; readonly error: ErrorRecord };

/** The entry of a start, with what became of it: the id of the run that works, or the refusal. */
export function settledEntry(entry: Entry, diverted: readonly DivertedStart[]): Entry {
  if (entry.kind !== "start" || diverted.length === 0) return entry;
  const other = diverted.find((each) => each.key === entry.key);
  if (other === undefined) return entry;
  if ("error" in other) return { ...entry, outcome: "error", value: JSON.stringify(other.error) };
  return { ...entry, value: JSON.stringify({ id: other.run }) };
}

/** A start creates a run, is merged into a run that exists already (`isCreated` is false), or is refused. */
export type StartOutcome = Extract<Outcome, { isCreated: boolean }> | StartRefusal;
export type AdvanceOutcome = Extract<Outcome, { isUnread: boolean } | { why: "stale" | "unread" }>;
export type EventOutcome = Extract<Outcome, { isDuplicate: boolean }>;
export type RouteOutcome = EventOutcome | { readonly ok: false; readonly why: "stale" };
export type InterveneOutcome = Extract<Outcome, { isHeld: boolean } | { why: "stale" } | { why: "skipped" }>;

/** The outcome of a transition. */
export type OutcomeOf<T extends Transition> = T extends StartRun
  ? StartOutcome
  : T extends Advance
    ? AdvanceOutcome
    : T extends Intervene | NoteAudit
      ? InterveneOutcome
      : T extends VersionTransition
        ? VersionOutcome
        : T extends ScheduleTransition
          ? ScheduleOutcome
          : T extends BulkTransition
            ? BulkOutcomeOf
            : T extends LifeTransition
              ? LifeOutcomeOf<T>
              : T extends ViewTransition
                ? ViewOutcome
                : T extends RoutingTransition
                  ? RoutingOutcome
                  : T extends RouteEvent
                    ? RouteOutcome
                    : EventOutcome;
