import type { Keep } from "../../kernel/model/flow.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { forgetKeys } from "./admission.ts";
import { sweepVersions } from "./artifacts.ts";
import { routing } from "./codes.ts";
import type { Context } from "./context.ts";
import { removeRun } from "./remove-run.ts";
import { sweepFires } from "./schedules.ts";
import { recheckSlots } from "./slots.ts";
import { sweepFiles } from "./sweep-files.ts";
import type { Work } from "./work.ts";

export interface SweepParams {
  readonly completedMs: number;
  readonly failedMs: number;
  /** Default: as `completedMs`. */
  readonly cancelledMs?: number;
  readonly eventMs: number;
  readonly limit: number;
}

/** Deletes what retention no longer keeps, oldest first, at most `limit` runs in one short transaction. */
export function* sweep(
  context: Context,
  params: SweepParams,
): Work<{ runs: number; events: number; keys: number; files: readonly string[] }> {
  const at = context.clock.now();
  yield* sweepVersions(context, at);
  yield* sweepFires(context, at - params.completedMs, params.limit);
  yield* recheckSlots(context, params.limit, at);
  yield* forgetKeys(context, params.limit, at);
  // A repair is retried within seconds, if ever.
  yield* context.db.run("delete from mends where at < ?", at - defaults.retention.keyMs);
  yield* sweepBulks(context, at - params.completedMs, params.limit);
  return {
    runs: yield* sweepRuns(context, params, at),
    events: (yield* sweepEvents(context, params, at)) + (yield* sweepHeldEvents(context, params, at)),
    keys: yield* sweepKeys(context, params.limit, at),
    files: yield* sweepFiles(context, params.limit, at),
  };
}

/** One definition at a time, since each may have its own retention. */
function* sweepRuns(context: Context, params: SweepParams, at: number): Work<number> {
  let left = params.limit;
  for (const { no, keep } of yield* context.definitions.numbered()) {
    if (left <= 0) break;
    const old = yield* oldRuns(context, no, agesOf(params, keep), at, left);
    for (const run of old) yield* removeRun(context, run);
    left -= old.length;
  }
  return params.limit - left;
}

/**
 * A definition's own retention takes precedence over the store's. On each level, cancelled runs default to the value
 * for completed ones.
 */
function agesOf(params: SweepParams, keep: Keep | null): Required<Keep> {
  const completedMs = keep?.completedMs ?? params.completedMs;
  return {
    completedMs,
    failedMs: keep?.failedMs ?? params.failedMs,
    cancelledMs:
      keep?.cancelledMs ?? (keep?.completedMs === undefined ? (params.cancelledMs ?? completedMs) : completedMs),
  };
}

/**
 * A child is kept while an ancestor may still need it: while one has not ended, or has failed and may be resumed or
 * compensated. The first part of a chain is kept as if it ended with the chain: its idempotency key leads to the chain,
 * and children of a chain count as children of an open run until all of it has ended.
 */
function* oldRuns(
  context: Context,
  definition: number,
  { completedMs, failedMs, cancelledMs }: Required<Keep>,
  at: number,
  limit: number,
): Work<readonly Parameters<typeof removeRun>[1][]> {
  return yield* context.db.all(
    `select no, definition, ended, created_at, ended_at from runs r
     where definition = ? and ended_at is not null and ended_at < ? and ended_at < case ended when 'failed' then cast(? as bigint) when 'cancelled' then cast(? as bigint) else cast(? as bigint) end
       and (parent is null or not exists (${neededBy}))
       and not exists (select 1 from chains c where c.no = r.no and (c.ended_at is null or c.ended_at >= case r.ended when 'failed' then cast(? as bigint) when 'cancelled' then cast(? as bigint) else cast(? as bigint) end))
     order by ended_at limit ?`,
    definition,
    at - Math.min(completedMs, failedMs, cancelledMs),
    at - failedMs,
    at - cancelledMs,
    at - completedMs,
    at - failedMs,
    at - cancelledMs,
    at - completedMs,
    limit,
  );
}

/** The ancestors of run `r` that may still need it. */
const neededBy = `with recursive up (no, parent, ended, chain) as (
    select p.no, p.parent, p.ended, coalesce(p.chain, p.no) from runs p where p.no = r.parent
    union all
    select p.no, p.parent, p.ended, coalesce(p.chain, p.no) from up u join runs p on p.no = u.parent
  ) select 1 from up u left join chains c on c.no = u.chain
  where u.ended is null or u.ended = 'failed' or (c.no is not null and c.ended_at is null)`;

function* sweepBulks(context: Context, before: number, limit: number): Work<void> {
  const { db } = context;
  for (const { no } of yield* db.all<{ no: number }>(
    "select no from bulks where ended_at < ? limit ?",
    before,
    limit,
  )) {
    yield* db.run("delete from bulk_runs where bulk = ?", no);
    yield* db.run("delete from bulks where no = ?", no);
  }
}

function* sweepEvents(context: Context, params: { eventMs: number; limit: number }, at: number): Work<number> {
  const { db } = context;
  const rows = yield* db.all<{ no: number }>(
    `select no from events where at < ? and is_routed = ${routing.routed}
       and not exists (select 1 from inbox i where i.kind = 'event' and i.is_read = 0 and i.ref = cast(events.no as text)) order by at limit ?`,
    at - params.eventMs,
    params.limit,
  );
  for (const { no } of rows) yield* removeEvent(context, no);
  return rows.length;
}

/** A held event needs a person, so it is kept as long as a failed run. */
function* sweepHeldEvents(context: Context, params: { failedMs: number; limit: number }, at: number): Work<number> {
  const rows = yield* context.db.all<{ no: number }>(
    `select no from events where is_routed = ${routing.held} and at < ? order by no limit ?`,
    at - params.failedMs,
    params.limit,
  );
  for (const { no } of rows) yield* removeEvent(context, no);
  return rows.length;
}

function* removeEvent({ db, payloads }: Context, no: number): Work<void> {
  yield* db.run("delete from event_keys where event = ?", no);
  yield* payloads.drop(0, `event:${no}`);
  yield* db.run("delete from events where no = ?", no);
  // What a removed part of a chain left behind: see removeRun.
  yield* db.run(
    "delete from inbox where kind = 'event' and ref = ? and chain is not null and not exists (select 1 from runs r where r.no = inbox.run)",
    String(no),
  );
}

/** A key is kept for 7 days or as long as its run, whichever is longer. */
function* sweepKeys(context: Context, limit: number, at: number): Work<number> {
  return (yield* context.db.run(
    `delete from idempotency where (definition, key) in (
       select i.definition, i.key from idempotency i where i.at < ? and not exists (select 1 from runs r where r.no = i.run) order by i.at limit ?)`,
    at - defaults.retention.keyMs,
    limit,
  )).changes;
}
