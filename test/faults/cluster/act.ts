/** What a worker's step tells the world of itself when it acts. */
export interface ActRequest {
  readonly run: string;
  readonly workflow: string;
  /** The step's key in its run. */
  readonly step: string;
  readonly isUndo: boolean;
  readonly idempotencyKey: string;
  /** Which attempt of the step it is. */
  readonly number: number;
  readonly pid: number;
  /** Acts of one lane count against one concurrency limit. */
  readonly lane: string | null;
}

/** An act as the world saw it. Times are the harness's own, ms. */
export interface Act extends ActRequest {
  readonly n: number;
  readonly startedAt: number;
  /** The machine's own time of its start, which is the store's as well. */
  readonly at: number;
  /** When the answer was sent or the worker hung up; null while it is under way. */
  endedAt: number | null;
  /** What was answered; null when no good answer was sent. */
  receipt: string | null;
}
