/** Time and turns of the event loop. Integer milliseconds. */
export interface Clock {
  /** Wall clock, for people and as the source of a store's own time; never for ordering. */
  now(): number;
  /** Monotonic: never goes back. For durations. */
  mono(): number;
  /** Calls back once after `ms`, of any length. Returns a function that cancels it. */
  after(ms: number, call: () => void): () => void;
  /** Calls back in a later macrotask, after everything that can run now. */
  soon(call: () => void): void;
}
