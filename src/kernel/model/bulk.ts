import type { Audit } from "./audit.ts";
import type { RunStatus } from "./status.ts";

/** Actions that can be carried out on many runs at once. `redrive` is `resume` for dead letters. */
export const bulkVerbs = ["redrive", "resume", "retry", "cancel", "suspend", "compensate", "dismiss"] as const;
export type BulkVerb = (typeof bulkVerbs)[number];

/** Selects runs: all given fields must match. Timestamps are store time. */
export interface BulkFilter {
  /** Dead letters of one error group. */
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
  /** Sizes of the first lots. After each, the operation continues only if none of its runs has failed again. */
  readonly canary: readonly number[];
  /** Runs per second; null: as fast as possible. */
  readonly ratePerS: number | null;
  readonly isCompensated?: boolean;
  readonly stopsClocks?: boolean;
}

/** `stopped`: by a person, or by itself when a canary failed. */
export type BulkStatus = "running" | "completed" | "stopped";

/**
 * `done`: carried out. `refused`: the run's state did not allow it. `left`: the operation was stopped before reaching
 * it.
 */
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

/** A run of a bulk operation that has not been processed yet. */
export interface BulkItem {
  readonly place: number;
  readonly run: string;
}

/** The state of one lot's runs after the action. */
export interface LotState {
  readonly total: number;
  /** Failed again, or suspended. */
  readonly failed: number;
  /** Not failed, but too early to call a success. */
  readonly open: number;
  readonly sample: { readonly run: string; readonly error: string } | null;
}

/** Changes of a bulk operation. Each is safe to repeat. */
export type BulkTransition =
  | {
      readonly kind: "bulk";
      readonly act: "create";
      readonly id: string;
      readonly request: BulkRequest;
      readonly audit: Audit;
    }
  /** Records why the action was not carried out on a run. */
  | {
      readonly kind: "bulk";
      readonly act: "note";
      readonly bulk: number;
      readonly place: number;
      readonly detail: string;
    }
  /** Continues after this delay, at this stage. */
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
