import type { Reason } from "./reason.ts";
import type { RunStatus } from "./status.ts";

/** `GET /api/stream`, as server-sent events. Each has an id that rises; `Last-Event-ID` goes on after it. */
export interface StreamEvents {
  /** The stream is open; its id is where to go on from. */
  readonly ready: Record<never, never>;
  /** A run stands elsewhere than before. */
  readonly "run.changed": RunPatch;
  /** So many runs changed at once that they are not told one by one: read the list again. */
  readonly "runs.changed": { readonly count: number };
  /** What happened since `Last-Event-ID` is no longer known: read everything again. */
  readonly reset: Record<never, never>;
}

export interface RunPatch {
  readonly id: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly reason: Reason | null;
  readonly reasonText: string | null;
  readonly endedAt: string | null;
  /** Results recorded so far. Who listens to `run:<id>` is told as they come, within a second. */
  readonly steps: number;
}
