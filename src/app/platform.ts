import { v7 } from "uuid";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Logger } from "../kernel/ports/logger.ts";
import type { Hint, Notifier } from "../kernel/ports/notifier.ts";
import type { Random } from "../kernel/ports/random.ts";
import { outside } from "./current-run.ts";

// As they are when this is loaded: in development others are put in their place, which watch people's code.
const { now } = Date;
const { random } = Math;

/** A longer timer fires after 1 ms in Node: it is cut into parts. */
const timerMaxMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now,
  mono: () => performance.now(),
  after: (ms, call) => {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      timer = setTimeout(() => (left > timerMaxMs ? arm(left - timerMaxMs) : call()), Math.min(left, timerMaxMs));
      timer.unref();
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
  soon: (call) => {
    setImmediate(call);
  },
};

export const systemRandom: Random = {
  float: random,
  // crypto's own version 7 is not monotonic within a millisecond.
  uuid: () => outside(() => v7()),
};

/** Hints within this process, told in a later turn so that no listener runs inside a commit's answer. */
export class LocalNotifier implements Notifier {
  readonly #listeners = new Set<(hint: Hint) => void>();

  publish(hint: Hint): void {
    for (const listener of this.#listeners) listener(hint);
  }

  subscribe(listener: (hint: Hint) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const silentLogger: Logger = { log: () => {} };
