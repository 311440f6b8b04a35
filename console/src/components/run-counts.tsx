import { Link } from "@tanstack/react-router";
import { isAtRest, type RunStatus } from "@wire/status.ts";
import { baseStyles, toneClass } from "./basics.tsx";
import { formatFilter } from "./filter.ts";
import { pageStyles } from "./page.tsx";
import { runStatus, statusOrder } from "./status.ts";
import { formatNumber } from "./text.ts";

type Counts = Readonly<Partial<Record<RunStatus, number>>>;

/** The number of runs that have not ended. */
export function countInFlight(runs: Counts): number {
  return statusOrder.reduce((sum, status) => sum + (isAtRest(status) ? 0 : (runs[status] ?? 0)), 0);
}

/** Sums counts by status. */
export function addCounts(all: readonly Counts[]): Counts {
  const sum: Partial<Record<RunStatus, number>> = {};
  for (const runs of all)
    for (const status of statusOrder) {
      const n = (sum[status] ?? 0) + (runs[status] ?? 0);
      if (n > 0) sum[status] = n;
    }
  return sum;
}

/** The number of runs by status; each count links to its runs. */
export function RunCounts({
  name,
  version,
  runs,
  only,
}: {
  name: string;
  version?: number;
  runs: Counts;
  /** Shows only runs in flight, or only ended runs. */
  only?: "in-flight" | "ended";
}) {
  const shown = statusOrder.filter(
    (status) => (runs[status] ?? 0) > 0 && (only === undefined || isAtRest(status) === (only === "ended")),
  );
  if (shown.length === 0) return <span className={baseStyles.muted}>none</span>;
  const fields = { name, ...(version === undefined ? {} : { version: String(version) }) };
  return (
    <span className={pageStyles.pills}>
      {shown.map((status) => {
        const { glyph, label, tone: hue } = runStatus[status];
        return (
          <Link
            key={status}
            to="/runs"
            search={{ q: formatFilter({ fields: { ...fields, status }, words: "" }) }}
            className={`${baseStyles.pill} ${toneClass(hue)}`}
          >
            <span className={baseStyles.glyph} aria-hidden="true">
              {glyph}
            </span>
            {formatNumber(runs[status] ?? 0)} {label.toLowerCase()}
          </Link>
        );
      })}
    </span>
  );
}
