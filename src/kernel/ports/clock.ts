/** Time and turns of the event loop. Integer milliseconds. */
export interface Clock {
  /** Wall clock, for people and as the source of a store's own time; never for order. */
  now(): number;
  /** Never goes back; for lengths. */
  mono(): number;
  /** Calls back once after `ms`, however long; returns how to call it off. */
  after(ms: number, call: () => void): () => void;
  /** Calls back in a later macrotask, when all that is runnable now has run. */
  soon(call: () => void): void;
}
