import { defaults } from "../../kernel/model/limits.ts";
import { sweepVersions } from "./artifacts.ts";
import type { Context } from "./context.ts";
import { sweepFires } from "./schedules.ts";

/** Every table that holds rows of a run: after its retention none of them has one left. */
const ownedTables = ["steps", "attempts", "waits", "inbox", "payloads", "logs", "shows", "history", "dead"] as const;

/** Deletes what retention no longer keeps, oldest first, at most `limit` runs in one short transaction. */
export function sweep(
  context: Context,
  params: { completedMs: number; failedMs: number; eventMs: number; limit: number },
): { runs: number; events: number; keys: number } {
  const at = context.clock.now();
  sweepVersions(context, at);
  sweepFires(context, at - params.completedMs, params.limit);
  return {
    runs: sweepRuns(context, params, at),
    events: sweepEvents(context, params, at),
    keys: sweepKeys(context, params.limit, at),
  };
}

function sweepRuns(
  context: Context,
  params: { completedMs: number; failedMs: number; limit: number },
  at: number,
): number {
  const { db } = context;
  const rows = db.all<{ no: number; definition: number; ended: "completed" | "failed" | "cancelled" }>(
    `select no, definition, ended from runs r
     where ended_at is not null and ended_at < ? and (ended <> 'failed' or ended_at < ?)
       and (parent is null or not exists (select 1 from live l where l.run = r.parent)) order by ended_at limit ?`,
    at - Math.min(params.completedMs, params.failedMs),
    at - params.failedMs,
    params.limit,
  );
  const gone = rows.filter(
    (row) =>
      row.ended === "failed" ||
      params.completedMs <= params.failedMs ||
      isOlder(context, row.no, at - params.completedMs),
  );
  for (const row of gone) {
    for (const table of ownedTables) db.run(`delete from ${table} where run = ?`, row.no);
    db.run("delete from runs where no = ?", row.no);
    context.counters.move(row.definition, row.ended, null);
  }
  return gone.length;
}

function isOlder(context: Context, run: number, before: number): boolean {
  return (context.db.get<{ ended_at: number }>("select ended_at from runs where no = ?", run)?.ended_at ?? 0) < before;
}

function sweepEvents(context: Context, params: { eventMs: number; limit: number }, at: number): number {
  const { db } = context;
  const rows = db.all<{ no: number }>(
    `select no from events where at < ? and is_routed = 1
       and not exists (select 1 from inbox i where i.kind = 'event' and i.is_read = 0 and i.ref = cast(events.no as text)) order by at limit ?`,
    at - params.eventMs,
    params.limit,
  );
  for (const { no } of rows) {
    db.run("delete from event_keys where event = ?", no);
    db.run("delete from payloads where run = 0 and slot = ?", `event:${no}`);
    db.run("delete from events where no = ?", no);
  }
  return rows.length;
}

/** A key is kept for 7 days or as long as its run, whichever is longer. */
function sweepKeys(context: Context, limit: number, at: number): number {
  return context.db.run(
    `delete from idempotency where (definition, key) in (
       select i.definition, i.key from idempotency i where i.at < ? and not exists (select 1 from runs r where r.no = i.run) order by i.at limit ?)`,
    at - defaults.retention.keyMs,
    limit,
  ).changes;
}
