import type { LeasedRun } from "../model/run.ts";
import type { Activation } from "./activation.ts";
import type { Handler } from "./handler.ts";

/**
 * Parked runs that are still in memory, each with its code where it waits. A run that polls in a loop would otherwise
 * replay all earlier rounds in each round. Nothing depends on them: a run that is not here is replayed.
 */
export class WarmRuns {
  /** In the order in which they were parked. */
  readonly #runs = new Map<number, Activation>();
  readonly #weightMax: number;
  #weight = 0;

  /** `weightMax`: the operations of all runs together. */
  constructor(weightMax: number) {
    this.#weightMax = weightMax;
  }

  /** Drops those that were parked first if there are too many. */
  keep(activation: Activation): void {
    this.#runs.set(activation.run.no, activation);
    this.#weight += activation.weight;
    for (const oldest of this.#runs.values()) {
      if (this.#weight <= this.#weightMax) return;
      oldest.cool();
    }
  }

  /** The run that this lease continues, or null. */
  take(run: LeasedRun, handler: Handler): Activation | null {
    const activation = this.#runs.get(run.no);
    if (activation === undefined) return null;
    if (!activation.continues(run, handler)) {
      activation.cool();
      return null;
    }
    this.remove(activation);
    return activation;
  }

  remove(activation: Activation): void {
    if (this.#runs.get(activation.run.no) !== activation) return;
    this.#runs.delete(activation.run.no);
    this.#weight -= activation.weight;
  }

  clear(): void {
    for (const activation of [...this.#runs.values()]) activation.cool();
  }
}
