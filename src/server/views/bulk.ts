import type { BulkRow } from "../../kernel/model/bulk.ts";
import type { Bulk } from "../../wire/bulk.ts";
import { iso, isoOrNull } from "./time.ts";

export function bulkView(row: BulkRow): Bulk {
  const { verb, filter, canary, ratePerS: rate } = row.request;
  const { createdFrom, createdTo, ...rest } = filter;
  return {
    id: row.id,
    verb,
    filter: {
      ...rest,
      ...(createdFrom === undefined ? {} : { createdFrom: iso(createdFrom) }),
      ...(createdTo === undefined ? {} : { createdTo: iso(createdTo) }),
    },
    canary,
    rate,
    status: row.status,
    canaryStage: row.status === "running" && row.stage < canary.length ? row.stage : null,
    total: row.total,
    done: row.counts.done,
    refused: row.counts.refused,
    left: row.counts.left,
    detail: row.detail,
    startedBy: row.actor,
    reason: row.why,
    createdAt: iso(row.createdAt),
    endedAt: isoOrNull(row.endedAt),
  };
}
