import type { Arrival, AttemptRecord, RecordedEntry, Wait } from "./journal.ts";
import type { Compensation, RunMark, RunRow } from "./run.ts";
import type { RunStatus } from "./status.ts";
import type { Showing } from "./transition.ts";

/** A run with what belongs to it, as one read gives it. */
export interface RunDetail {
  readonly row: RunRow;
  readonly mark: RunMark;
  readonly isHeld: boolean;
  /** What it is, or was, being compensated for. */
  readonly compensation: Compensation | null;
  /** JSON texts; values over the inline size come by `payload`. */
  readonly input: Stored;
  readonly output: Stored;
  readonly entries: readonly RecordedEntry[];
  readonly entryCount: number;
  readonly attempts: readonly AttemptRecord[];
  readonly waits: readonly Wait[];
  readonly arrivals: readonly Arrival[];
  readonly shows: readonly (Showing & { readonly startedAt: number })[];
  readonly children: readonly { id: string; key: string; status: RunStatus }[];
}

/** JSON text, or the mark of an offloaded value. */
export type Stored = string | null;
