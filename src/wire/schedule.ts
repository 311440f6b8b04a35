/** An upcoming scheduled time. */
export interface NextFiring {
  readonly at: string;
  /** Local time in the schedule's time zone, for example `2026-03-29 03:00:00 +02:00`. */
  readonly local: string;
  /** The configured local time does not exist on that day; this is the first valid time after it. */
  readonly isMoved: boolean;
}

/** The outcome of a scheduled time. */
export interface FiringView {
  readonly scheduledAt: string;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt: string;
  readonly outcome: "fired" | "skipped" | "buffered" | "refused";
  readonly run: string | null;
  readonly why: string | null;
  readonly decidedAt: string;
}

/** Consecutive scheduled times that started nothing. */
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

/** A schedule in lists. */
export interface ScheduleSummary {
  /** Workflow and name: `report/nightly`. */
  readonly id: string;
  readonly workflow: string;
  readonly name: string;
  readonly timing: TimingView;
  /** The timing as text. */
  readonly text: string;
  readonly overlap: "allow" | "skip" | "buffer-one" | "cancel-other";
  readonly catchUpMs: number;
  readonly jitterMs: number;
  readonly isPaused: boolean;
  readonly pausedBy: string | null;
  readonly pausedWhy: string | null;
  readonly pausedAt: string | null;
  /** Its next scheduled times, as if it were not paused. */
  readonly next: readonly NextFiring[];
  /** The scheduled time that is waiting for the previous run to end. */
  readonly buffered: string | null;
  readonly lastFire: FiringView | null;
  readonly lastGap: FiringGapView | null;
  /** Whether this process has loaded its workflow. */
  readonly isLoaded: boolean;
  readonly createdAt: string;
}

/** A schedule with its last 20 firings and gaps, newest first. */
export interface ScheduleDetail extends ScheduleSummary {
  readonly fires: readonly FiringView[];
  readonly gaps: readonly FiringGapView[];
}

/** Body of `POST /api/schedules/{id}/backfill`. */
export interface BackfillBody {
  readonly from: string;
  /** Default: now. */
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
  /** Null in a preview, for a run that would be started. */
  readonly run: string | null;
  readonly isNew: boolean;
  /** Why the schedule's input was refused. */
  readonly refusal: string | null;
}
