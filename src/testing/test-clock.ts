import type { Clock } from "../kernel/ports/clock.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

/** A clock that changes only when the test moves it. Turns of the event loop are real. */
export class TestClock implements Clock {
  #now: number;
  #order = 0;
  #timers: Timer[] = [];
  /** Grows with all activity, so that a test can detect when everything is quiet. */
  activity = 0;

  constructor(startAt: number) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  mono(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    this.#order += 1;
    const timer: Timer = { at: this.#now + Math.max(0, Math.ceil(ms)), order: this.#order, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  soon(call: () => void): void {
    this.activity += 1;
    setImmediate(call);
  }

  /** Moves to the next timer that is due by `until` and calls it. False if there is none. */
  fireNext(until: number): boolean {
    const due = this.#timers
      .filter((timer) => timer.at <= until)
      .toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
    if (due === undefined) {
      this.#now = Math.max(this.#now, until);
      return false;
    }
    this.#timers = this.#timers.filter((timer) => timer !== due);
    this.#now = Math.max(this.#now, due.at);
    due.call();
    return true;
  }

  /** Removes all timers, as a crash of the process does. */
  clear(): void {
    this.#timers = [];
  }
}
