import type { Bulk, BulkFilter } from "@wire/bulk.ts";
import { bulkWords } from "../../acts/words.ts";
import { formatFilter } from "../../parts/filter.ts";
import { moment } from "../../parts/time.ts";
import { count, plural, runStatus, type Shown } from "../../parts/words.ts";

/** Each status of an act. */
export const bulkStatus: Readonly<Record<Bulk["status"], Shown>> = {
  running: { word: "Running", glyph: "▶", tone: "go" },
  completed: { word: "Completed", glyph: "✓", tone: "ok" },
  stopped: { word: "Stopped", glyph: "⊘", tone: "warn" },
};

/** `Redrive 12 runs`. */
export function bulkTitle({ verb, total }: Bulk): string {
  return `${bulkWords[verb].label} ${plural(total, "run")}`;
}

/** `12 of 40 done, 1 refused, 27 left`. */
export function progressWords({ status, total, done, refused, left }: Bulk): string {
  const rest = status === "running" ? total - done - refused : left;
  const parts = [`${count(done)} of ${count(total)} done`];
  if (refused > 0) parts.push(`${count(refused)} refused`);
  if (rest > 0) parts.push(`${count(rest)} left`);
  return parts.join(", ");
}

/** What it is at now: which canary, or the rest. */
export function stageWords({ status, canary, canaryStage, rate }: Bulk): string | null {
  if (status !== "running") return null;
  const at = rate === null ? "" : `, at most ${count(rate)} a second`;
  const size = canaryStage === null ? undefined : canary[canaryStage];
  if (canaryStage === null || size === undefined) return canary.length === 0 ? `all of them${at}` : `the rest${at}`;
  return `canary ${canaryStage + 1} of ${canary.length}: ${plural(size, "run")}, and on only when none of them fails again${at}`;
}

/** `first 1, then 10, then the rest`. */
export function orderWords({ canary }: Bulk): string {
  return canary.length === 0 ? "all of them" : `first ${canary.map(count).join(", then ")}, then the rest`;
}

/** The filter as people say it. */
export function filterWords(
  { name, status, key, fingerprint, createdFrom, createdTo }: BulkFilter,
  zone: string,
): string {
  const parts = [
    name === undefined ? null : `of ${name}`,
    key === undefined ? null : `with the key ${key}`,
    fingerprint === undefined ? null : "with one error",
    createdFrom === undefined ? null : `started from ${moment(createdFrom, zone)}`,
    createdTo === undefined ? null : `started before ${moment(createdTo, zone)}`,
  ].filter((part) => part !== null);
  const runs = status === undefined ? "runs" : `${runStatus[status].word.toLowerCase()} runs`;
  return parts.length === 0 ? `all ${runs}` : `${runs} ${parts.join(", ")}`;
}

/** The same filter for the list of runs. */
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
