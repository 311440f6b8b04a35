import { Link } from "@tanstack/react-router";
import { isAtRest, type RunStatus } from "@wire/status.ts";
import { formatFilter } from "./filter.ts";
import { pageStyles } from "./page.tsx";
import { partStyles, tone } from "./parts.tsx";
import { count, runStatus, statusOrder } from "./words.ts";

type Counts = Readonly<Partial<Record<RunStatus, number>>>;

/** Runs that are neither over nor at rest as a dead letter. */
export function inFlight(runs: Counts): number {
  return statusOrder.reduce((sum, status) => sum + (isAtRest(status) ? 0 : (runs[status] ?? 0)), 0);
}

/** The sum by status. */
export function addCounts(all: readonly Counts[]): Counts {
  const sum: Partial<Record<RunStatus, number>> = {};
  for (const runs of all)
    for (const status of statusOrder) {
      const n = (sum[status] ?? 0) + (runs[status] ?? 0);
      if (n > 0) sum[status] = n;
    }
  return sum;
}

/** How many runs have which status; each count leads to the runs behind it. */
export function RunCounts({
  name,
  version,
  runs,
  only,
}: {
  name: string;
  version?: number;
  runs: Counts;
  /** Those in flight, or those at rest, alone. */
  only?: "in-flight" | "at-rest";
}) {
  const shown = statusOrder.filter(
    (status) => (runs[status] ?? 0) > 0 && (only === undefined || isAtRest(status) === (only === "at-rest")),
  );
  if (shown.length === 0) return <span className={partStyles.muted}>none</span>;
  const fields = { name, ...(version === undefined ? {} : { version: String(version) }) };
  return (
    <span className={pageStyles.pills}>
      {shown.map((status) => {
        const { glyph, word, tone: hue } = runStatus[status];
        return (
          <Link
            key={status}
            to="/runs"
            search={{ q: formatFilter({ fields: { ...fields, status }, words: "" }) }}
            className={`${partStyles.pill} ${tone(hue)}`}
          >
            <span className={partStyles.glyph} aria-hidden="true">
              {glyph}
            </span>
            {count(runs[status] ?? 0)} {word.toLowerCase()}
          </Link>
        );
      })}
    </span>
  );
}
