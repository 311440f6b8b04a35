/** What may have changed. A hint saves time and may be lost, repeated or late: each one is backed by a poll. */
export interface Hint {
  /** A run became ready. */
  readonly ready?: boolean;
  /** Held runs for which something arrived. */
  readonly arrivals?: readonly number[];
  /** An event waits to be routed to its triggers. */
  readonly unrouted?: boolean;
  /** A timer was set. */
  readonly timers?: boolean;
  /** Runs that ended or changed their status, for those who follow them. */
  readonly changed?: readonly Change[];
}

export interface Change {
  readonly no: number;
  readonly id: string | null;
  readonly status: string;
}

export interface Notifier {
  publish(hint: Hint): void;
  subscribe(listener: (hint: Hint) => void): () => void;
}
