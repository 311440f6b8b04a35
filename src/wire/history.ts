/** What happened to a run beyond its steps: its start, what people and the engine did to it, its end. */
export interface HistoryEntry {
  readonly at: string;
  readonly kind: string;
  /** Who, when it was a person. */
  readonly actor: string | null;
  readonly detail: unknown;
}

/** A line that a run's code logged. */
export interface LogEntry {
  readonly at: string;
  readonly level: string;
  readonly step: string | null;
  readonly message: string;
  readonly data: unknown;
}
