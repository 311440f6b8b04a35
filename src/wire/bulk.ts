import type { RunStatus } from "./status.ts";

/** Verbs that may be asked of many runs at once. `redrive` is `resume` for dead letters. */
export const bulkVerbs = ["redrive", "resume", "retry", "cancel", "suspend", "compensate", "dismiss"] as const;
export type BulkVerb = (typeof bulkVerbs)[number];

export const bulkStatuses = ["running", "completed", "stopped"] as const;

/** Which runs a bulk act is for: all that is given must hold. */
export interface BulkFilter {
  /** Dead letters of one cause. */
  readonly fingerprint?: string;
  /** Of the definition. */
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
  /** So many runs first, then so many more; it goes on only when none of them has failed again. */
  readonly canary?: readonly number[];
  /** Runs a second. */
  readonly rate?: number;
  readonly compensate?: boolean;
  readonly stopClocks?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
  /** The same id is the same act: for a caller who got no answer. */
  readonly id?: string;
}

/** The answer to `dryRun`. */
export interface BulkPreview {
  readonly dryRun: true;
  readonly verb: BulkVerb;
  /** Runs that match now. */
  readonly total: number;
  /** Ids of some of them. */
  readonly sample: readonly string[];
}

/** A verb for many runs, carried out in the background. */
export interface Bulk {
  readonly id: string;
  readonly verb: BulkVerb;
  readonly filter: BulkFilter;
  readonly canary: readonly number[];
  readonly rate: number | null;
  readonly status: (typeof bulkStatuses)[number];
  /** Which canary is under way, from 0; null when it is the rest, or over. */
  readonly canaryStage: number | null;
  readonly total: number;
  readonly done: number;
  /** Runs whose state did not allow it any more. */
  readonly refused: number;
  /** Runs whose turn never came. */
  readonly left: number;
  /** Why it stopped. */
  readonly detail: string | null;
  readonly startedBy: string;
  readonly reason: string | null;
  readonly createdAt: string;
  readonly endedAt: string | null;
}
