import { type RunStatus, runStatuses } from "../../kernel/model/status.ts";
import type { Facet, RunFilter } from "../../kernel/ports/queries.ts";
import { statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { countMax, countRuns, findRuns } from "./search.ts";
import { listOf, mapWork, type Work } from "./work.ts";

/**
 * Counts the matching runs per status. A filter by workflow and version is answered from the counters. For any other
 * filter up to 10,000 runs are read at once; only if there are more is each status counted separately.
 */
export function* countByStatus(context: Context, given: RunFilter): Work<readonly Facet[]> {
  const { status: _status, ...filter } = given;
  if (isCounted(filter)) return yield* countEach(context, filter);
  const found = yield* findRuns(context, { ...filter, before: null, limit: countMax + 1 });
  if (found.length > countMax) return yield* countEach(context, filter);
  const counts = new Map<RunStatus, number>();
  for (let from = 0; from < found.length; from += lookMax) {
    for (const row of yield* statusesOf(context, found.slice(from, from + lookMax))) {
      const status = row.ended ?? statusOfState(row.state ?? 0, row.undoing === 1);
      counts.set(status, (counts.get(status) ?? 0) + row.n);
    }
  }
  return runStatuses.map((status) => ({ status, count: counts.get(status) ?? 0, isExact: true }));
}

/** Maximum runs per statement. */
const lookMax = 1_000;

function isCounted({ definition: _d, version: _v, before: _b, limit: _l, ...others }: RunFilter): boolean {
  return Object.keys(others).length === 0;
}

function* countEach(context: Context, filter: RunFilter): Work<Facet[]> {
  return yield* mapWork(runStatuses, function* (status) {
    return { status, ...(yield* countRuns(context, { ...filter, status })) };
  });
}

function* statusesOf(
  { db }: Context,
  runs: readonly number[],
): Work<{ ended: RunStatus | null; state: number | null; undoing: number; n: number }[]> {
  return yield* db.all(
    `select r.ended, l.state, case when l.compensation is null then 0 else 1 end as undoing, count(*) as n
     from runs r left join live l on l.run = r.no where r.no in (${listOf(runs)})
     group by r.ended, l.state, case when l.compensation is null then 0 else 1 end`,
  );
}
