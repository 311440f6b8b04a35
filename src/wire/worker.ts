/** A worker whose lease has not been revoked. Times are RFC 3339. */
export interface WorkerView {
  readonly name: string;
  /** Baton version; null for workers of versions that did not report it. */
  readonly version: string | null;
  readonly slots: number | null;
  /** Number of leased runs. */
  readonly held: number;
  /** Queues that it serves; null for all. */
  readonly queues: readonly string[] | null;
  readonly startedAt: string;
  readonly seenAt: string;
  /** Whether its lease is valid. */
  readonly isAlive: boolean;
}

export interface Workers {
  readonly items: readonly WorkerView[];
}
