import type { RunStatus } from "./status.ts";

/** Actions for many runs. `redrive` is `resume` for dead letters. */
export const bulkVerbs = ["redrive", "resume", "retry", "cancel", "suspend", "compensate", "dismiss"] as const;
export type BulkVerb = (typeof bulkVerbs)[number];

export const bulkStatuses = ["running", "completed", "stopped"] as const;

/** Selects the runs of a bulk operation; all conditions must hold. */
export interface BulkFilter {
  /** Dead letters with this error fingerprint. */
  readonly fingerprint?: string;
  /** Name of the workflow. */
  readonly name?: string;
  readonly status?: RunStatus;
  readonly key?: string;
  readonly createdFrom?: string;
  readonly createdTo?: string;
}

/** Body of `POST /api/bulk`. */
export interface BulkBody {
  readonly verb: BulkVerb;
  readonly filter: BulkFilter;
  /** Sizes of the first groups of runs. The operation continues only if no run of a group fails again. */
  readonly canary?: readonly number[];
  /** Runs per second. */
  readonly rate?: number;
  readonly compensate?: boolean;
  readonly stopClocks?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  /** A repeated request with the same id returns the same operation, so that a caller can retry safely. */
  readonly id?: string;
}

/** The response to `dryRun`. */
export interface BulkPreview {
  readonly dryRun: true;
  readonly verb: BulkVerb;
  /** Number of runs that match now. */
  readonly total: number;
  /** Some of their ids. */
  readonly sample: readonly string[];
}

/** An action on many runs, executed in the background. */
export interface Bulk {
  readonly id: string;
  readonly verb: BulkVerb;
  readonly filter: BulkFilter;
  readonly canary: readonly number[];
  readonly rate: number | null;
  readonly status: (typeof bulkStatuses)[number];
  /** The current canary group, from 0; null after the canaries. */
  readonly canaryStage: number | null;
  readonly total: number;
  readonly done: number;
  /** Runs whose state no longer allowed the action. */
  readonly refused: number;
  /** Runs that were not processed. */
  readonly left: number;
  /** Why it stopped. */
  readonly detail: string | null;
  readonly startedBy: string;
  readonly reason: string | null;
  readonly createdAt: string;
  readonly endedAt: string | null;
}
