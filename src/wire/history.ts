/** The history of a run besides its steps: start, actions by people and the engine, end. */
export interface HistoryEntry {
  readonly at: string;
  readonly kind: string;
  /** The person who acted, if any. */
  readonly actor: string | null;
  readonly detail: unknown;
}

/** A log line of a run. */
export interface LogEntry {
  readonly at: string;
  readonly level: string;
  readonly step: string | null;
  readonly message: string;
  readonly data: unknown;
}
