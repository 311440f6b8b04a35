/** What a worker's step sends to the world when it acts. */
export interface EffectRequest {
  readonly run: string;
  readonly workflow: string;
  /** The step's key in its run. */
  readonly step: string;
  readonly isUndo: boolean;
  readonly idempotencyKey: string;
  /** Number of the attempt. */
  readonly number: number;
  readonly pid: number;
  /** Effects of one lane count against one concurrency limit. */
  readonly lane: string | null;
}

/** An effect as the world saw it. Times are the harness's own, ms. */
export interface Effect extends EffectRequest {
  readonly n: number;
  readonly startedAt: number;
  /** Its start by the machine's wall clock, which the store uses as well. */
  readonly at: number;
  /** When the answer was sent or the worker disconnected; null while it is in progress. */
  endedAt: number | null;
  /** The answer; null when no successful answer was sent. */
  receipt: string | null;
}
