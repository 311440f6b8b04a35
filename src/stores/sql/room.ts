import { StoreError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";

/** How long a start or an event waits for capacity before it is refused, ms. */
const roomWaitMs = 10_000;

/**
 * Backpressure for the queue in front of the store. External requests wait for capacity and are then refused. Writes of
 * running runs bypass it, since only they free capacity.
 */
export class Room {
  readonly #length: () => number;
  readonly #after: (ms: number, call: () => void) => () => void;
  readonly #waiting = new Set<() => void>();

  /** `length`: number of transitions that are queued now. */
  constructor(length: () => number, after: (ms: number, call: () => void) => () => void) {
    this.#length = length;
    this.#after = after;
  }

  get isFull(): boolean {
    return this.#length() >= defaults.queueMax;
  }

  /** Resolves when the queue has capacity again. Throws a `StoreError` if that takes too long. */
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

  /** Call after transitions have left the queue. */
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
