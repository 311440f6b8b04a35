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
  return { name: "retention", everyMs, runOnce: () => store.sweep({ ...keep, limit: defaults.sweepBatch }) };
}
