import type { Audit } from "./audit.ts";
import type { RepairOutcome, RepairTransition } from "./doctor.ts";
import type { RunFixture } from "./fixture.ts";

/** Removes runs at rest, their children with them, and all that only they have left behind. */
export interface EraseRuns {
  readonly kind: "erase";
  /** Ids. One that is gone already is no fault. */
  readonly runs: readonly string[];
  /** The business key that was asked for: only its hash stays in the audit. */
  readonly key: string | null;
  /** Writes the whole file anew, so that not even what was deleted long ago is left in it. */
  readonly isVacuumed: boolean;
  readonly audit: Audit;
}

/** What an erasure has removed. */
export interface Erased {
  readonly runs: number;
  readonly events: number;
  /** Files that nobody else refers to: they go at once. */
  readonly files: number;
}

/** A run of another store, as one at rest. Its code never runs by itself. */
export interface ImportRun {
  readonly kind: "import";
  /** The new run's id; the same id is the same import. */
  readonly id: string;
  readonly fixture: RunFixture;
  readonly audit: Audit;
}

export type LifeTransition = RepairTransition | EraseRuns | ImportRun;

export type EraseOutcome =
  /** `isScrubbed`: no copy is left in the log beside the file. A reader that holds it open keeps it for a while. */
  | { readonly ok: true; readonly at: number; readonly erased: Erased; readonly isScrubbed: boolean }
  /** This one is not at rest: nothing was removed. */
  | { readonly ok: false; readonly why: "live"; readonly run: string };

export type ImportOutcome = { readonly ok: true; readonly at: number; readonly imported: string };

export type LifeOutcomeOf<T extends LifeTransition = LifeTransition> = T extends RepairTransition
  ? RepairOutcome
  : T extends EraseRuns
    ? EraseOutcome
    : ImportOutcome;
