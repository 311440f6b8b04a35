import type { Audit } from "./audit.ts";
import type { RunStatus } from "./status.ts";

/** Verbs that may be asked of many runs at once. `redrive` is `resume` for dead letters. */
export const bulkVerbs = ["redrive", "resume", "retry", "cancel", "suspend", "compensate", "dismiss"] as const;
export type BulkVerb = (typeof bulkVerbs)[number];

/** Which runs it is for. All that is given must hold. Moments are store time. */
export interface BulkFilter {
  /** Dead letters of one cause. */
  readonly fingerprint?: string;
  readonly name?: string;
  readonly status?: RunStatus;
  readonly key?: string;
  readonly createdFrom?: number;
  readonly createdTo?: number;
}

export interface BulkRequest {
  readonly verb: BulkVerb;
  readonly filter: BulkFilter;
  /** So many runs first, then so many more: after each lot it goes on only when none of it has failed again. */
  readonly canary: readonly number[];
  /** Runs a second; null as fast as it goes. */
  readonly ratePerS: number | null;
  readonly isCompensated?: boolean;
  readonly stopsClocks?: boolean;
}

/** `stopped`: by a person, or by itself when a canary failed. */
export type BulkStatus = "running" | "completed" | "stopped";

/** `done`: carried out. `refused`: the run's state did not allow it. `left`: the act was stopped before its turn. */
export type BulkOutcome = "done" | "refused" | "left";

export interface BulkRow {
  readonly no: number;
  readonly id: string;
  readonly request: BulkRequest;
  readonly actor: string;
  readonly why: string | null;
  readonly status: BulkStatus;
  readonly stage: number;
  readonly total: number;
  readonly counts: Readonly<Record<BulkOutcome, number>>;
  readonly detail: string | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** A run of a bulk act whose turn has not come. */
export interface BulkItem {
  readonly place: number;
  readonly run: string;
}

/** How the runs of one lot stand after the act. */
export interface LotState {
  readonly total: number;
  /** Failed again, or halted. */
  readonly failed: number;
  /** Neither failed nor far enough to tell. */
  readonly open: number;
  readonly sample: { readonly run: string; readonly error: string } | null;
}

/** Changes of a bulk act. Each is safe to repeat. */
export type BulkTransition =
  | {
      readonly kind: "bulk";
      readonly act: "create";
      readonly id: string;
      readonly request: BulkRequest;
      readonly audit: Audit;
    }
  /** What became of a run that the verb was not carried out on. */
  | {
      readonly kind: "bulk";
      readonly act: "note";
      readonly bulk: number;
      readonly place: number;
      readonly detail: string;
    }
  /** Looks again after this long, at this stage. */
  | {
      readonly kind: "bulk";
      readonly act: "go-on";
      readonly bulk: number;
      readonly fromStage: number;
      readonly stage: number;
      readonly inMs: number;
    }
  | {
      readonly kind: "bulk";
      readonly act: "end";
      readonly bulk: number;
      readonly status: "completed" | "stopped";
      readonly detail: string | null;
      readonly audit: Audit | null;
    };

export type BulkOutcomeOf =
  | { readonly ok: true; readonly at: number; readonly bulk: number; readonly id: string; readonly total: number }
  | { readonly ok: false; readonly why: "stale" };
