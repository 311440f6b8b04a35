import type { Arrival, AttemptRecord, RecordedEntry, Wait } from "./journal.ts";
import type { Compensation, RunMark, RunRow } from "./run.ts";
import type { RunStatus } from "./status.ts";
import type { Showing } from "./transition.ts";

/** A run with everything that belongs to it, as one query returns it. */
export interface RunDetail {
  readonly row: RunRow;
  /** For a run that continued as others: the part that is open, or was the last to end. Null: it is that part. */
  readonly lastPart: { readonly no: number; readonly id: string } | null;
  readonly mark: RunMark;
  readonly isHeld: boolean;
  /** Why it is, or was, being compensated. */
  readonly compensation: Compensation | null;
  /** JSON texts. Values over the inline size are read with `payload`. */
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

/** JSON text, or the marker of an offloaded value. */
export type Stored = string | null;
