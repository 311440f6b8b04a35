import type { Clock } from "../ports/clock.ts";

/**
 * A lower bound of the store time, from its last answer and this process's monotonic clock. It lags behind and never
 * runs ahead, so that nothing fires before it is due by the store's clock.
 */
export class Timeline {
  readonly #clock: Clock;
  #at = 0;
  #mono = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  observe(at: number): void {
    if (at <= this.now()) return;
    this.#at = at;
    this.#mono = this.#clock.mono();
  }

  now(): number {
    return this.#at === 0 ? 0 : this.#at + Math.max(0, Math.floor(this.#clock.mono() - this.#mono));
  }
}
