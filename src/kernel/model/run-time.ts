/** A stretch of store time; `to` is null while it lasts. */
export interface Span {
  readonly from: number;
  readonly to: number | null;
}

/** How a run has spent its time. */
export interface RunTime {
  /** Time in which at least one attempt was under way. */
  readonly busyMs: number;
  /** Stretches in which none was, the longest of them, oldest first; the last may still last. */
  readonly idle: readonly Span[];
}
