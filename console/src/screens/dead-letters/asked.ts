import type { DeadLetterGroup } from "@wire/dead-letter.ts";
import type { BulkAsked } from "../../acts/bulk-sheet.tsx";
import { count } from "../../parts/words.ts";

/** A verb for all runs of one cause. */
export function askedOf(
  verb: "redrive" | "dismiss",
  { fingerprint, count: runs }: Pick<DeadLetterGroup, "fingerprint" | "count">,
): BulkAsked {
  return {
    verb,
    filter: { fingerprint },
    scope: runs === 1 ? "the 1 run with this error" : `all ${count(runs)} runs with this error`,
  };
}
