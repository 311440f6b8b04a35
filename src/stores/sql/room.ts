import { StoreError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";

/** How long a start or an event waits for room before it is refused, ms. */
const roomWaitMs = 10_000;

/**
 * Room in the queue before the store. What comes from outside waits for it and is then refused; what runs have done goes
 * ahead, since only that makes room.
 */
export class Room {
  readonly #length: () => number;
  readonly #after: (ms: number, call: () => void) => () => void;
  readonly #waiting = new Set<() => void>();

  /** `length`: transitions that are queued now. */
  constructor(length: () => number, after: (ms: number, call: () => void) => () => void) {
    this.#length = length;
    this.#after = after;
  }

  get isFull(): boolean {
    return this.#length() >= defaults.queueMax;
  }

  /** Resolves when the queue is short again. Throws a `StoreError` when that takes too long. */
  enter(): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = this.#after(roomWaitMs, () => {
        this.#waiting.delete(go);
        const message = `the store is over capacity: ${this.#length()} transitions are waiting to be written`;
        reject(new StoreError("unavailable", message, { hint: "try again shortly" }));
      });
      const go = (): void => {
        stop();
        resolve();
      };
      this.#waiting.add(go);
    });
  }

  /** After something has left the queue. */
  make(): void {
    const length = this.#length();
    if (this.#waiting.size === 0 || length >= defaults.queueMax / 2) return;
    let free = defaults.queueMax - length;
    for (const go of this.#waiting) {
      if (free <= 0) return;
      free -= 1;
      this.#waiting.delete(go);
      go();
    }
  }
}
