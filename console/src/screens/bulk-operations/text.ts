import type { Bulk, BulkFilter } from "@wire/bulk.ts";
import { bulkActionTexts } from "../../actions/texts.ts";
import { formatFilter } from "../../components/filter.ts";
import { type Badge, runStatus } from "../../components/status.ts";
import { formatNumber, plural } from "../../components/text.ts";
import { formatDateTime } from "../../components/time.ts";

/** Each status of a bulk operation. */
export const bulkStatusBadges: Readonly<Record<Bulk["status"], Badge>> = {
  running: { label: "Running", glyph: "▶", tone: "go" },
  completed: { label: "Completed", glyph: "✓", tone: "ok" },
  stopped: { label: "Stopped", glyph: "⊘", tone: "warn" },
};

/** `Redrive 12 runs`. */
export function bulkTitle({ verb, total }: Bulk): string {
  return `${bulkActionTexts[verb].label} ${plural(total, "run")}`;
}

/** `12 of 40 done, 1 refused, 27 left`. */
export function progressText({ status, total, done, refused, left }: Bulk): string {
  const rest = status === "running" ? total - done - refused : left;
  const parts = [`${formatNumber(done)} of ${formatNumber(total)} done`];
  if (refused > 0) parts.push(`${formatNumber(refused)} refused`);
  if (rest > 0) parts.push(`${formatNumber(rest)} left`);
  return parts.join(", ");
}

/** The current stage: a canary or the rest; null if it is not running. */
export function stageText({ status, canary, canaryStage, rate }: Bulk): string | null {
  if (status !== "running") return null;
  const at = rate === null ? "" : `, at most ${formatNumber(rate)} per second`;
  const size = canaryStage === null ? undefined : canary[canaryStage];
  if (canaryStage === null || size === undefined) return canary.length === 0 ? `all runs${at}` : `the rest${at}`;
  return `canary ${canaryStage + 1} of ${canary.length}: ${plural(size, "run")}; continues only if none of them fails again${at}`;
}

/** `first 1, then 10, then the rest`. */
export function orderText({ canary }: Bulk): string {
  return canary.length === 0 ? "all runs" : `first ${canary.map(formatNumber).join(", then ")}, then the rest`;
}

/** Describes the filter. */
export function filterText(
  { name, status, key, fingerprint, createdFrom, createdTo }: BulkFilter,
  zone: string,
): string {
  const parts = [
    name === undefined ? null : `of ${name}`,
    key === undefined ? null : `with key ${key}`,
    fingerprint === undefined ? null : "with the same error",
    createdFrom === undefined ? null : `started since ${formatDateTime(createdFrom, zone)}`,
    createdTo === undefined ? null : `started before ${formatDateTime(createdTo, zone)}`,
  ].filter((part) => part !== null);
  const runs = status === undefined ? "runs" : `${runStatus[status].label.toLowerCase()} runs`;
  return parts.length === 0 ? `all ${runs}` : `${runs} ${parts.join(", ")}`;
}

/** The filter as search parameters of the run list. */
export function filterSearch({ createdFrom, createdTo, ...fields }: BulkFilter): {
  q: string;
  from?: string;
  to?: string;
} {
  return {
    q: formatFilter({ fields, words: "" }),
    ...(createdFrom === undefined ? {} : { from: createdFrom }),
    ...(createdTo === undefined ? {} : { to: createdTo }),
  };
}
