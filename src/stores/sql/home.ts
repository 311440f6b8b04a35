import type { Queries } from "../../kernel/ports/queries.ts";
import { state } from "./codes.ts";
import type { Context } from "./context.ts";
import { listOf, type Work } from "./work.ts";

/**
 * Naming the definitions makes each read its own range of the index; otherwise all hours ever recorded would be read.
 */
const inHours = `definition in (select no from definitions) and status in ('started','completed','failed','cancelled')
  and hour >= ? and hour < ?`;

/** Starts and ends of all workflows together, by hour. */
export function* readHourTotals(
  context: Context,
  { from, to }: Queries["hourTotals"]["params"],
): Work<Queries["hourTotals"]["result"]> {
  return yield* context.db.all(
    `select hour, status, sum(count) as count from hours where ${inHours} group by hour, status having sum(count) <> 0 order by hour`,
    from,
    to,
  );
}

/** How the runs of each workflow ended within a range of hours. */
export function* readEndings(
  context: Context,
  { from, to }: Queries["endings"]["params"],
): Work<Queries["endings"]["result"]> {
  const rows = yield* context.db.all<{ definition: number; status: string; n: number }>(
    `select definition, status, sum(count) as n from hours where ${inHours} group by definition, status`,
    from,
    to,
  );
  const sums = new Map<string, { definition: string; ended: number; failed: number }>();
  for (const { definition: no, status, n } of rows) {
    if (status === "started") continue;
    const { name } = yield* context.definitions.ref(no);
    const before = sums.get(name) ?? { definition: name, ended: 0, failed: 0 };
    sums.set(name, {
      definition: name,
      ended: before.ended + n,
      failed: before.failed + (status === "failed" ? n : 0),
    });
  }
  return [...sums.values()].filter(({ ended }) => ended > 0);
}

export function* readDeadCount({ db }: Context): Work<{ count: number }> {
  return { count: (yield* db.get<{ n: number }>("select coalesce(sum(count), 0) as n from causes"))?.n ?? 0 };
}

/** Number of oldest runs in the queue that are searched for waiting ones, so that a long queue costs no more. */
const lookMax = 2_000;

/** The oldest runs that are waiting or suspended, with the time since when. */
export function* readLongWaits(
  context: Context,
  { since, limit }: Queries["longWaits"]["params"],
): Work<Queries["longWaits"]["result"]> {
  const rows = yield* context.db.all<{ run: number; since: number }>(
    `select l.run, coalesce(
       case when l.state = ${state.suspended} then (select max(h.at) from history h where h.run = l.run) end,
       (select min(w.since) from waits w where w.run = l.run), r.created_at) as since
     from (select run, state from live order by run limit ${lookMax}) l join runs r on r.no = l.run
     where l.state in (${listOf([state.parked, state.suspended])})`,
  );
  return rows
    .filter((row) => row.since <= since)
    .toSorted((a, b) => a.since - b.since)
    .slice(0, limit);
}

/** The number of recorded results of each run that has any. The newest of each is at the end of an index. */
export function* readProgress(
  context: Context,
  { runs }: Queries["progress"]["params"],
): Work<Queries["progress"]["result"]> {
  const rows = yield* context.db.all<{ run: number; steps: number | null }>(
    `select r.no as run, (select max(s.seq) from steps s where s.run = r.no) as steps
     from runs r where r.no in (${listOf(runs)}) order by r.no`,
  );
  return rows.flatMap(({ run, steps }) => (steps === null ? [] : [{ run, steps }]));
}
