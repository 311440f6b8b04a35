/** A range of store time; `to` is null while it lasts. */
export interface Span {
  readonly from: number;
  readonly to: number | null;
}

/** How a run spent its time. */
export interface RunTime {
  /** Time in which at least one attempt was running. */
  readonly busyMs: number;
  /** Ranges in which none was running: the longest ones, oldest first; the last may still be open. */
  readonly idle: readonly Span[];
}
