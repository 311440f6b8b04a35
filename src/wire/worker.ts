/** A worker that is not known to be dead. Times are RFC 3339. */
export interface WorkerView {
  readonly name: string;
  /** Of Baton; null of one from before it was told. */
  readonly version: string | null;
  readonly slots: number | null;
  /** Runs that it holds. */
  readonly held: number;
  /** The queues that it serves; null: all. */
  readonly queues: readonly string[] | null;
  readonly startedAt: string;
  readonly seenAt: string;
  /** Its lease has not run out. */
  readonly isAlive: boolean;
}

export interface Workers {
  readonly items: readonly WorkerView[];
}
