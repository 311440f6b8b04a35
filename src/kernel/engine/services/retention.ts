import { defaults } from "../../model/limits.ts";
import type { Store } from "../../ports/store.ts";
import type { Service } from "./service.ts";

export interface Retention {
  readonly completedMs: number;
  readonly failedMs: number;
  /** As long as completed ones, unless said otherwise. */
  readonly cancelledMs?: number;
  readonly eventMs: number;
}

/** Deletes what retention no longer keeps, a thousand runs a round, so that live work never waits long for it. */
export function createRetention(
  store: Store,
  keep: Retention,
  everyMs: number = defaults.sweepMs,
): Service<{ runs: number; events: number; keys: number }> {
  let isFull = false;
  return {
    name: "retention",
    everyMs,
    // What has piled up is not left to the next minute, and not deleted at one go either.
    nextInMs: () => (isFull ? nextRoundMs : null),
    runOnce: async () => {
      const swept = await store.sweep({ ...keep, limit: defaults.sweepBatch });
      isFull = swept.runs >= fullRound || swept.events >= fullRound;
      return swept;
    },
  };
}

const nextRoundMs = 1_000;
/** A round that deletes so many has left some; a store may take fewer at once than it is asked to. */
const fullRound = 200;
