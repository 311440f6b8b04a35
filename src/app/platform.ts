import { v7 } from "uuid";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Logger } from "../kernel/ports/logger.ts";
import type { Hint, Notifier } from "../kernel/ports/notifier.ts";
import type { Random } from "../kernel/ports/random.ts";
import { outside } from "./current-run.ts";

// Captured when this module is loaded: in development mode, wrappers that watch user code replace them later.
const { now } = Date;
const { random } = Math;

/** Node fires longer timers after 1 ms, so they are split. */
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
  // UUID version 7 from `crypto` is not monotonic within a millisecond.
  uuid: () => outside(() => v7()),
};

/** Delivers hints within this process. */
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
