import type { Clock } from "../ports/clock.ts";

/** Takes one turn; true if it wants another. */
export interface Turning {
  turn(): boolean;
}

/**
 * Gives each run one turn per macrotask. A run's code receives at most one result per turn and runs until it waits
 * again before the next one is delivered: this makes its course the same live and in replay.
 */
export class Pump {
  readonly #clock: Clock;
  #waiting = new Set<Turning>();
  #isPlanned = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(run: Turning): void {
    this.#waiting.add(run);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.soon(this.#turnAll);
  }

  readonly #turnAll = (): void => {
    const turning = this.#waiting;
    this.#waiting = new Set();
    this.#isPlanned = false;
    for (const run of turning) if (run.turn()) this.#waiting.add(run);
    if (this.#waiting.size > 0) this.#plan();
  };
}
