import { livingPart } from "./chains.ts";
import type { Context } from "./context.ts";
import { deliver } from "./inbox.ts";
import { liveRow, lockRun } from "./live-row.ts";
import type { Work } from "./work.ts";

/** A call whose start was merged into a run that is not its child. */
interface Join {
  readonly waiter: number;
  readonly key: string;
  readonly run: number;
}

/**
 * Makes a call wait for a run that it did not start. Its wait then names the open part of that run's chain. If the run
 * has ended, the call gets its result at once. False: the run no longer exists.
 */
export function* joinRun(context: Context, { waiter, key, run }: Join, at: number): Work<boolean> {
  const { db } = context;
  const part = yield* livingPart(context, run);
  // It may be ending at this moment.
  if (context.safeguards.locksFirst()) yield* lockRun(context, part);
  const live = yield* db.get("select 1 from live where run = ?", part);
  const row = yield* db.get<{ id: string; round: number }>("select id, round from runs where no = ?", part);
  if (row === undefined) return false;
  yield* db.run("update waits set name = ? where run = ? and key = ?", row.id, waiter, key);
  yield* db.run(
    "insert into joins (waiter, key, run) values (?, ?, ?) on conflict (waiter, key) do update set run = excluded.run",
    waiter,
    key,
    part,
  );
  if (live === undefined) yield* deliverEnd(context, { waiter, key, run: part }, row.round, at);
  else if (context.safeguards.joins()) yield* db.run("update live set is_joined = 1 where run = ?", part);
  return true;
}

/** Delivers the end of a run to the calls that have joined it and still wait for it. */
export function* tellJoined(context: Context, run: { no: number; id: string; round: number }, at: number): Work<void> {
  const waiting = yield* context.db.all<{ waiter: number; key: string }>(
    `select j.waiter, j.key from joins j join waits w on w.run = j.waiter and w.key = j.key
     where j.run = ? and w.kind = 'child' and w.name = ? order by j.waiter, j.key`,
    run.no,
    run.id,
  );
  for (const { waiter, key } of waiting) yield* deliverEnd(context, { waiter, key, run: run.no }, run.round, at);
}

/**
 * Delivers the end of a run to one call. Each call gets its own message, and a call that asks again, after its run was resumed or restarted, gets a new one:
 * its run then has another fence.
 */
export function* deliverEnd(context: Context, { waiter, key, run }: Join, round: number, at: number): Work<void> {
  const fence = (yield* liveRow(context, waiter))?.fence ?? 0;
  const ref = `${run}:${round}:${fence}:${key}`;
  yield* deliver(context, { run: waiter, kind: "child", ref, key, body: null }, at);
}

/** The run is open again: whoever was told of its end and has not read that waits on. */
export function* withdrawEnd(context: Context, run: number): Work<void> {
  const { db } = context;
  const waiting = yield* db.all<{ waiter: number; key: string }>(
    `select parent as waiter, parent_key as key from runs where no = ? and parent is not null and parent_key is not null
     union all select waiter, key from joins where run = ? and waiter > 0`,
    run,
    run,
  );
  for (const { waiter, key } of waiting) {
    yield* lockRun(context, waiter);
    yield* db.run("delete from inbox where run = ? and kind = 'child' and key = ? and is_read = 0", waiter, key);
  }
}

/** Starts that others have requested were merged into this run: it must not end with the run that started it. */
export function* addStarts({ db }: Context, run: number): Work<void> {
  yield* db.run("insert into joins (waiter, key, run) values (0, ?, ?) on conflict do nothing", String(run), run);
}

/** Selects those that a run must not be taken from: calls of other runs than its parent, and merged starts. */
export function othersOf(run: string): string {
  return `select 1 from joins j join runs c on c.no = j.run where j.run = ${run} and (j.waiter = 0
    or (j.waiter <> coalesce(c.parent, 0) and exists (${openCall})))`;
}

const openCall = "select 1 from waits w where w.run = j.waiter and w.key = j.key and w.kind = 'child'";

/** Whether others have joined a child. `keys`: calls of its parent that are stopped and do not count. */
export function* isShared({ db }: Context, run: number, keys: readonly string[] | "all"): Work<boolean> {
  if ((yield* db.get(othersOf("?"), run)) !== undefined) return true;
  if (keys === "all") return false;
  const own = yield* db.all<{ key: string }>(
    `select j.key from joins j join runs c on c.no = j.run where j.run = ? and j.waiter = c.parent and exists (${openCall})`,
    run,
  );
  return own.some(({ key }) => !keys.includes(key));
}

/** The calls now wait for the part that continues the run. */
export function* moveJoins({ db }: Context, from: number, to: { no: number; id: string }): Work<void> {
  yield* db.run(
    `update waits set name = ?1 where kind = 'child' and (run, key) in (select waiter, key from joins where run = ?2)`,
    to.id,
    from,
  );
  yield* db.run("update joins set run = ? where run = ?", to.no, from);
}
