import type { Reason } from "./reason.ts";
import type { RunStatus } from "./status.ts";

/** `GET /api/stream`, as server-sent events. Ids are ascending; `Last-Event-ID` continues after one. */
export interface StreamEvents {
  /** The stream is open. Its id is the position to continue from. */
  readonly ready: Record<never, never>;
  /** A run changed. */
  readonly "run.changed": RunPatch;
  /** Too many runs changed to report them one by one: read the list again. */
  readonly "runs.changed": { readonly count: number };
  /** The changes since `Last-Event-ID` are no longer available: read everything again. */
  readonly reset: Record<never, never>;
}

export interface RunPatch {
  readonly id: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly reason: Reason | null;
  readonly reasonText: string | null;
  readonly endedAt: string | null;
  /** Number of recorded results. Subscribers of `run:<id>` receive it within a second. */
  readonly steps: number;
}
