import { runTimeOf } from "../../kernel/decide/run-time.ts";
import type { RunTime } from "../../kernel/model/run-time.ts";
import { kindCode } from "./codes.ts";
import type { Context } from "./context.ts";
import { listOf, type Work } from "./work.ts";

/** Kinds of entries with attempts. All others are waits, or take no time. */
const working = listOf([kindCode.step, kindCode.once, kindCode.tx, kindCode.undo]);

/**
 * How a run has spent its time. Spans are merged here, so that only the pauses of ten thousand steps are transferred.
 */
export function* readRunTime(context: Context, run: number): Work<RunTime> {
  const { db, clock } = context;
  const row = yield* db.get<{ created_at: number; ended_at: number | null }>(
    "select created_at, ended_at from runs where no = ?",
    run,
  );
  if (row === undefined) return { busyMs: 0, idle: [] };
  const ended = yield* db.all<{ at: number; took_ms: number }>(
    `select at, took_ms from steps where run = ? and kind in (${working})
     union all select at, took_ms from attempts where run = ?`,
    run,
    run,
  );
  const open = yield* db.all<{ since: number }>("select since from shows where run = ?", run);
  const spans = [
    ...ended.map(({ at, took_ms }) => ({ from: at - took_ms, to: at })),
    ...open.map(({ since }) => ({ from: since, to: null })),
  ];
  return runTimeOf(spans, { from: row.created_at, endedAt: row.ended_at, now: clock.now() });
}
