import type { StepAttempt } from "../kernel/engine/attempt.ts";
import type { Chance } from "./chance.ts";
import type { Faults } from "./faults.ts";
import type { HistoryLog } from "./history.ts";
import type { Scheduler } from "./scheduler.ts";

/** The external systems: they act once for each idempotency key, are slow, and fail before or after they acted. */
export class World {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #history: HistoryLog;
  readonly #acted = new Map<string, string>();
  readonly #hasRandomKeys: boolean;
  faults: Faults;
  #attempts = 0;

  constructor(scheduler: Scheduler, chance: Chance, history: HistoryLog, faults: Faults, hasRandomKeys: boolean) {
    this.#scheduler = scheduler;
    this.#chance = chance;
    this.#history = history;
    this.#hasRandomKeys = hasRandomKeys;
    this.faults = faults;
  }

  act(run: string, key: string, attempt: StepAttempt): Promise<string> {
    this.#attempts += 1;
    const idempotencyKey = this.#hasRandomKeys ? `${attempt.idempotencyKey}:${this.#attempts}` : attempt.idempotencyKey;
    return new Promise((resolve, reject) => {
      this.#scheduler.after(this.#chance.between(1, 40), () => {
        if (this.#chance.happens(this.faults.effectFailsBefore)) return reject(new Error("503 before"));
        const known = this.#acted.get(idempotencyKey);
        const value = known ?? `${run}/${key}/${this.#acted.size}`;
        if (known === undefined) {
          this.#acted.set(idempotencyKey, value);
          this.#history.add({ type: "effect", idempotencyKey, run, key, value });
        }
        this.#scheduler.after(this.#chance.between(1, 20), () => {
          if (this.#chance.happens(this.faults.effectFailsAfter)) reject(new Error("connection reset after"));
          else resolve(value);
        });
      });
    });
  }
}
