import type { Audit } from "./audit.ts";
import type { RepairOutcome, RepairTransition } from "./doctor.ts";
import type { RunFixture } from "./fixture.ts";

/** Removes ended runs with their children, and everything that only they have left behind. */
export interface EraseRuns {
  readonly kind: "erase";
  /** Ids. It is not an error if one is already gone. */
  readonly runs: readonly string[];
  /** The requested business key: only its hash is kept in the audit log. */
  readonly key: string | null;
  /** Rewrites the whole file, so that not even data deleted long ago is left in it. */
  readonly isVacuumed: boolean;
  readonly audit: Audit;
}

/** What an erasure removed. */
export interface Erased {
  readonly runs: number;
  readonly events: number;
  /** Files with no other reference: they are deleted at once. */
  readonly files: number;
}

/** Imports a run of another store as an ended one. Its code never runs by itself. */
export interface ImportRun {
  readonly kind: "import";
  /** The new run's id; the same id is the same import. */
  readonly id: string;
  readonly fixture: RunFixture;
  readonly audit: Audit;
}

export type LifeTransition = RepairTransition | EraseRuns | ImportRun;

export type EraseOutcome =
  /** `isScrubbed`: no copy is left in the log next to the file. A reader that has the log open delays this. */
  | { readonly ok: true; readonly at: number; readonly erased: Erased; readonly isScrubbed: boolean }
  /** This run has not ended: nothing was removed. */
  | { readonly ok: false; readonly why: "live"; readonly run: string };

export type ImportOutcome = { readonly ok: true; readonly at: number; readonly imported: string };

export type LifeOutcomeOf<T extends LifeTransition = LifeTransition> = T extends RepairTransition
  ? RepairOutcome
  : T extends EraseRuns
    ? EraseOutcome
    : ImportOutcome;
