/** A nominal time that is to come. */
export interface NextFiring {
  readonly at: string;
  /** What the clocks of the schedule's zone show then, such as `2026-03-29 03:00:00 +02:00`. */
  readonly local: string;
  /** The time that was asked for does not exist on that day: this is the first moment after it. */
  readonly isMoved: boolean;
}

/** What became of a nominal time. */
export interface FiringView {
  readonly scheduledAt: string;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt: string;
  readonly outcome: "fired" | "skipped" | "buffered" | "refused";
  readonly run: string | null;
  readonly why: string | null;
  readonly decidedAt: string;
}

/** Nominal times in a row that started nothing. */
export interface FiringGapView {
  readonly cause: "missed" | "paused";
  readonly from: string;
  readonly through: string;
  readonly count: number;
}

export interface TimingView {
  readonly by: "cron" | "every" | "at";
  readonly cron?: string;
  readonly zone?: string;
  readonly gap?: "next-valid" | "skip";
  readonly repeated?: "once" | "twice";
  readonly everyMs?: number;
  readonly from?: string;
  readonly at?: string;
}

/** A schedule as lists show it. */
export interface ScheduleSummary {
  /** Its workflow and its name: `report/nightly`. */
  readonly id: string;
  readonly workflow: string;
  readonly name: string;
  readonly timing: TimingView;
  /** The timing on one line. */
  readonly text: string;
  readonly overlap: "allow" | "skip" | "buffer-one" | "cancel-other";
  readonly catchUpMs: number;
  readonly jitterMs: number;
  readonly isPaused: boolean;
  readonly pausedBy: string | null;
  readonly pausedWhy: string | null;
  readonly pausedAt: string | null;
  /** Its next nominal times, as if it were not paused. */
  readonly next: readonly NextFiring[];
  /** The nominal time that waits for the previous run to end. */
  readonly buffered: string | null;
  readonly lastFire: FiringView | null;
  readonly lastGap: FiringGapView | null;
  /** Whether this process has the code that fires it. */
  readonly isLoaded: boolean;
  readonly createdAt: string;
}

/** A schedule with its last 20 fires and gaps, newest first. */
export interface ScheduleDetail extends ScheduleSummary {
  readonly fires: readonly FiringView[];
  readonly gaps: readonly FiringGapView[];
}

/** Body of `POST /api/schedules/{id}/backfill`. */
export interface BackfillBody {
  readonly from: string;
  /** Now, when it is left out. */
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export interface Backfill {
  readonly schedule: string;
  readonly dryRun: boolean;
  readonly items: readonly BackfillItem[];
}

export interface BackfillItem {
  readonly scheduledAt: string;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt: string;
  readonly local: string;
  /** Null in a preview of a run that would be started. */
  readonly run: string | null;
  readonly isNew: boolean;
  /** Why the schedule's input was refused. */
  readonly refusal: string | null;
}
