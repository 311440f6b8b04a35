import type { DeadLetterGroup } from "@wire/dead-letter.ts";
import type { BulkRequest } from "../../actions/bulk-dialog.tsx";
import { formatNumber } from "../../components/text.ts";

/** A bulk operation on all dead letters with one cause. */
export function groupRequest(
  verb: "redrive" | "dismiss",
  { fingerprint, count: runs }: Pick<DeadLetterGroup, "fingerprint" | "count">,
): BulkRequest {
  return {
    verb,
    filter: { fingerprint },
    scope: runs === 1 ? "the 1 run with this error" : `all ${formatNumber(runs)} runs with this error`,
  };
}
