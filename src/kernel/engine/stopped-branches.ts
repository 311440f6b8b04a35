import { BatonError } from "../model/errors.ts";

/** Why a branch was stopped: it lost a race, or it or another item of its map failed. */
export type StopReason = "race-lost" | "item-failed" | "branch-failed";

const texts: Readonly<Record<StopReason, string>> = {
  "race-lost": "another branch of the race finished first",
  "item-failed": "an item of the map failed",
  "branch-failed": "the branch of the race failed",
};

/** The reason that an attempt of a stopped branch finds in its signal. */
export function stopError(why: StopReason): BatonError {
  return new BatonError(why, texts[why]);
}

/** The branches of a run that were stopped, by their paths. */
export class StoppedBranches {
  #paths: Set<string> | null = null;

  add(path: string): void {
    this.#paths = (this.#paths ?? new Set()).add(path);
  }

  /** Whether an operation of this key belongs to a stopped branch. */
  has(key: string): boolean {
    if (this.#paths === null) return false;
    for (let i = key.indexOf("/"); i >= 0; i = key.indexOf("/", i + 1))
      if (this.#paths.has(key.slice(0, i))) return true;
    return false;
  }
}
