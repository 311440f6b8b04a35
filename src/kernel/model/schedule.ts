/** The scheduled times of a schedule. Timestamps are store time, integer milliseconds. */
export type Timing =
  | {
      readonly by: "cron";
      readonly pattern: string;
      /** IANA name: the wall clock there decides. */
      readonly zone: string;
      /** A wall-clock time that the spring change skips: run at the first minute that exists, or not at all. */
      readonly gap: "next-valid" | "skip";
      /** A wall-clock time that the autumn change repeats. */
      readonly repeated: "once" | "twice";
    }
  | { readonly by: "every"; readonly everyMs: number; readonly from: number }
  | { readonly by: "at"; readonly at: number };

export const overlaps = ["allow", "skip", "buffer-one", "cancel-other"] as const;
/** What a scheduled time does while the schedule's previous run has not ended. */
export type Overlap = (typeof overlaps)[number];

/**
 * A checked schedule, as stored. The input of its runs is code and stays with the definition. A schedule whose spec
 * changes starts from scratch, so a field that is added later is left out when it has its default.
 */
export interface ScheduleSpec {
  readonly timing: Timing;
  readonly overlap: Overlap;
  /** A scheduled time that is later than this is missed instead of fired. */
  readonly catchUpMs: number;
  /** Runs start up to this long after their scheduled time; the delay is the same each time it is computed. */
  readonly jitterMs: number;
}

export const firingOutcomes = ["fired", "skipped", "buffered", "refused"] as const;
/**
 * The outcome of a scheduled time. `buffered`: waits for the previous run to end. `refused`: the definition does not
 * accept the schedule's own input.
 */
export type FiringOutcome = (typeof firingOutcomes)[number];

/** Why a range of scheduled times started nothing. */
export type GapCause = "missed" | "paused";

/** Consecutive scheduled times without individual decisions: one record, however many they were. */
export interface FiringGap {
  readonly cause: GapCause;
  readonly fromAt: number;
  readonly throughAt: number;
  readonly count: number;
}

/** One decided scheduled time. */
export interface Firing {
  readonly scheduledAt: number;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt?: number;
  readonly outcome: FiringOutcome;
  /** The run that it started. */
  readonly run: string | null;
  readonly why: string | null;
  readonly at: number;
}

/** A schedule as stored. Every scheduled time up to `decidedTo` has its firing or lies in a gap. */
export interface ScheduleRow {
  readonly no: number;
  readonly kind: string;
  readonly definition: string;
  readonly version: number;
  readonly name: string;
  readonly spec: ScheduleSpec;
  readonly revision: number;
  readonly isPaused: boolean;
  readonly pausedBy: string | null;
  readonly pausedWhy: string | null;
  readonly pausedAt: number | null;
  readonly decidedTo: number;
  /** When it is evaluated next; null if it has no further times. */
  readonly dueAt: number | null;
  /** The scheduled time that waits for the previous run to end. */
  readonly buffered: number | null;
  readonly lastFire: Firing | null;
  readonly lastGap: (FiringGap & { readonly at: number }) | null;
  readonly createdAt: number;
}

/** A schedule's id for people and URLs, unique in a store. */
export function scheduleId(schedule: { readonly definition: string; readonly name: string }): string {
  return `${escapePart(schedule.definition)}/${escapePart(schedule.name)}`;
}

/** A slash in a part must not look like the one between the parts. */
function escapePart(part: string): string {
  return part.replaceAll("%", "%25").replaceAll("/", "%2F");
}
