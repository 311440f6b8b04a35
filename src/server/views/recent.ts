import type { Queries, RecentStepRow } from "../../kernel/ports/queries.ts";
import type { RecentRuns, RecentStep } from "../../wire/definition.ts";
import { stepName } from "./step-name.ts";

/** Statistics of the newest runs of a workflow. */
export function recentView({ runs, steps }: Queries["recent"]["result"]): RecentRuns {
  const completed = runs.filter(({ status }) => status === "completed");
  const lengths = completed.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  const byName = Map.groupBy(steps, ({ key }) => stepName(key));
  return {
    sampled: runs.length,
    completed: completed.length,
    failed: runs.filter(({ status }) => status === "failed").length,
    p50Ms: quantile(lengths, 0.5),
    p95Ms: quantile(lengths, 0.95),
    steps: [...byName].map(([name, rows]) => stepView(name, rows)),
  };
}

function stepView(name: string, rows: readonly RecentStepRow[]): RecentStep {
  const lengths = rows.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  return {
    name,
    count: rows.length,
    failed: rows.filter(({ outcome }) => outcome === "error" || outcome === "continued").length,
    retried: rows.filter(({ attempts }) => attempts > 1).length,
    p50Ms: quantile(lengths, 0.5) ?? 0,
    p95Ms: quantile(lengths, 0.95) ?? 0,
  };
}

/** The percentile `share` of the values; null if there are none. */
export function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
