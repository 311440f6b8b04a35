import type { Audit } from "./audit.ts";
import type { DefinitionRef } from "./run.ts";
import type { Firing, FiringGap, ScheduleSpec } from "./schedule.ts";
import type { StartRun } from "./start-run.ts";
import type { StartOutcome } from "./transition.ts";

/** A scheduled time to decide: the run that it would start, or why its definition refuses the start. */
export interface PlannedFiring {
  readonly scheduledAt: number;
  readonly start: StartRun | null;
  readonly refusal: string | null;
}

/**
 * All schedules of a definition's newest version. Others of the definition are removed, changed ones start from
 * scratch.
 */
export interface PutSchedules {
  readonly act: "put";
  readonly definition: DefinitionRef;
  readonly schedules: readonly { readonly name: string; readonly spec: ScheduleSpec; readonly hash: string }[];
}

/** What one round has decided. Nothing of it applies if the schedule has changed since. */
export interface FireScheduleTransition {
  readonly act: "fire";
  readonly schedule: number;
  readonly revision: number;
  readonly gap: FiringGap | null;
  readonly fires: readonly PlannedFiring[];
  /** The scheduled time that has waited for the previous run. */
  readonly buffered: PlannedFiring | null;
  readonly decidedTo: number;
}

export interface PauseSchedule {
  readonly act: "pause" | "resume";
  readonly schedule: number;
  readonly revision: number;
  readonly audit: Audit;
}

/** A run outside the scheduled times. */
export interface RunScheduleNow {
  readonly act: "run-now";
  readonly schedule: number;
  readonly start: StartRun;
  readonly audit: Audit;
}

/** Past scheduled times that started nothing: each fires once, whatever else runs. */
export interface BackfillSchedule {
  readonly act: "backfill";
  readonly schedule: number;
  readonly fires: readonly PlannedFiring[];
  readonly audit: Audit;
}

export type ScheduleTransition = { readonly kind: "schedule" } & (
  | PutSchedules
  | FireScheduleTransition
  | PauseSchedule
  | RunScheduleNow
  | BackfillSchedule
);

export type ScheduleOutcome =
  | { readonly ok: true; readonly at: number; readonly decided: readonly Firing[]; readonly started: string | null }
  | { readonly ok: false; readonly why: "stale" }
  /** The start of `run-now` was refused by the limits of its definition. */
  | { readonly ok: false; readonly why: "refused"; readonly refused: Extract<StartOutcome, { ok: false }> };
