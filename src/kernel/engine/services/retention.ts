import { defaults } from "../../model/limits.ts";
import type { Store } from "../../ports/store.ts";
import type { Service } from "./service.ts";

export interface Retention {
  readonly completedMs: number;
  readonly failedMs: number;
  /** Default: like `completedMs`. */
  readonly cancelledMs?: number;
  readonly eventMs: number;
}

/** Deletes what retention no longer keeps, a thousand runs per round, so that live work never waits long for it. */
export function createRetention(
  store: Store,
  keep: Retention,
  everyMs: number = defaults.sweepMs,
): Service<{ runs: number; events: number; keys: number }> {
  let isFull = false;
  return {
    name: "retention",
    everyMs,
    // A backlog does not wait for the next minute, and is not deleted in one go either.
    nextInMs: () => (isFull ? nextRoundMs : null),
    runOnce: async () => {
      const swept = await store.sweep({ ...keep, limit: defaults.sweepBatch });
      isFull = swept.runs >= fullRound || swept.events >= fullRound;
      return swept;
    },
  };
}

const nextRoundMs = 1_000;
/** A round that deletes this many has probably left some; a store may delete fewer at once than requested. */
const fullRound = 200;
