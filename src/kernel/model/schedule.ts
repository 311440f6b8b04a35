/** When a schedule's nominal times lie. Moments are store time, integer milliseconds. */
export type Timing =
  | {
      readonly by: "cron";
      readonly pattern: string;
      /** IANA name: what the wall clock says there decides. */
      readonly zone: string;
      /** A wall-clock time that the spring change leaves out: run at the first minute that exists, or not at all. */
      readonly gap: "next-valid" | "skip";
      /** A wall-clock time that the autumn change brings twice. */
      readonly repeated: "once" | "twice";
    }
  | { readonly by: "every"; readonly everyMs: number; readonly from: number }
  | { readonly by: "at"; readonly at: number };

export const overlaps = ["allow", "skip", "buffer-one", "cancel-other"] as const;
/** What a nominal time does while the schedule's previous run is not at rest. */
export type Overlap = (typeof overlaps)[number];

/**
 * A checked schedule, as it is kept. What its runs get as input is code and stays with the definition. A schedule whose
 * spec differs begins anew: a field that comes later is left out where it has its default.
 */
export interface ScheduleSpec {
  readonly timing: Timing;
  readonly overlap: Overlap;
  /** A nominal time that is later than this is missed instead of fired. */
  readonly catchUpMs: number;
  /** Runs come up to this much after their nominal time, always as much for the same one. */
  readonly jitterMs: number;
}

export const firingOutcomes = ["fired", "skipped", "buffered", "refused"] as const;
/**
 * What became of a nominal time. `buffered` waits for the previous run to end; `refused`: the schedule's own input was
 * not one that its definition takes.
 */
export type FiringOutcome = (typeof firingOutcomes)[number];

/** Why a stretch of nominal times started nothing. */
export type GapCause = "missed" | "paused";

/** Nominal times in a row that passed without a decision of their own: one record, however many they were. */
export interface FiringGap {
  readonly cause: GapCause;
  readonly fromAt: number;
  readonly throughAt: number;
  readonly count: number;
}

/** One decided nominal time. */
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

/** A schedule as it is stored. Every nominal time up to `decidedTo` has its fire or lies in a gap. */
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
  /** When it is looked at next; null when nothing is to come. */
  readonly dueAt: number | null;
  /** The nominal time that waits for the previous run to end. */
  readonly buffered: number | null;
  readonly lastFire: Firing | null;
  readonly lastGap: (FiringGap & { readonly at: number }) | null;
  readonly createdAt: number;
}

/** A schedule's name for people and addresses: unique in a store. */
export function scheduleId(schedule: { readonly definition: string; readonly name: string }): string {
  return `${schedule.definition}/${schedule.name}`;
}
