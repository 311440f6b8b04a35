import type { Reopening } from "../../kernel/model/journal.ts";
import type { RestStatus, RunStatus } from "../../kernel/model/status.ts";
import type { Idle, Next, Outcome, StartRun } from "../../kernel/model/transition.ts";
import { audit } from "./audit.ts";
import { kindCode, state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { deliver } from "./inbox.ts";
import { newRun } from "./new-run.ts";

/** The row of the queue, as guards read it. */
export interface LiveRow {
  readonly run: number;
  readonly definition: number;
  readonly state: number;
  readonly fence: number;
  readonly unclean: number;
  readonly is_touched: number;
}

export function liveRow(context: Context, run: number): LiveRow | undefined {
  return context.db.get<LiveRow & Record<string, unknown>>(
    "select run, definition, state, fence, unclean, is_touched from live where run = ?",
    run,
  );
}

export function statusOf(live: LiveRow): RunStatus {
  return statusOfState[live.state] ?? "pending";
}

/** A new run with its queue entry, in one transaction; leased at once when its worker has room. */
export function startRun(context: Context, start: StartRun, at: number, startEvent: number | null = null): Outcome {
  const { db } = context;
  if (start.idempotencyKey !== null) {
    const seen = db.get<{ run_id: string; input_hash: string; run: number }>(
      "select run_id, input_hash, run from idempotency where definition = ? and key = ?",
      start.definition.name,
      start.idempotencyKey,
    );
    if (seen !== undefined) {
      if (seen.input_hash !== start.inputHash) return { ok: false, why: "key-conflict", id: seen.run_id };
      return {
        ok: true,
        at,
        run: { ...newRun(start, seen.run, 0, at), id: seen.run_id },
        isCreated: false,
        isLeased: false,
      };
    }
  }
  if (start.parent !== undefined) {
    const child = db.get<{ no: number; id: string; ended: string | null }>(
      "select no, id, ended from runs where parent = ? and parent_key = ?",
      start.parent.no,
      start.parent.key,
    );
    // A cancelled child is final: a parent that was resumed past it gets another one in its place.
    if (child?.ended === "cancelled" && child.id !== start.id) {
      db.run("update runs set parent_key = parent_key || ' (cancelled ' || no || ')' where no = ?", child.no);
    } else if (child !== undefined) {
      rejoinChild(context, child.no, start.parent.no, start.parent.key, at);
      return {
        ok: true,
        at,
        run: { ...newRun(start, child.no, 0, at), id: child.id },
        isCreated: false,
        isLeased: false,
      };
    }
  }
  const definition = context.definitions.numberOf(start.definition);
  const floor = context.scratch.lastEvent(db);
  const offloaded = context.payloads.isLarge(start.input);
  const { last: no } = db.run(
    `insert into runs (id, definition, key, input, attributes, origin, parent, parent_key, parent_awaits, event_floor, start_event, created_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    start.id,
    definition,
    start.key,
    offloaded ? null : start.input,
    start.attributes,
    JSON.stringify(start.origin),
    start.parent?.no ?? null,
    start.parent?.key ?? null,
    start.parent === undefined ? null : start.parent.isAwaited ? 1 : 0,
    floor,
    startEvent,
    at,
  );
  if (offloaded) db.run("update runs set input = ? where no = ?", context.payloads.keep(no, "input", start.input), no);
  if (start.idempotencyKey !== null) {
    db.run(
      "insert into idempotency (definition, key, run_id, input_hash, run, at) values (?, ?, ?, ?, ?, ?)",
      start.definition.name,
      start.idempotencyKey,
      start.id,
      start.inputHash,
      no,
      at,
    );
  }
  if (start.audit !== undefined) auditOrigin(context, start.audit, at);
  const dueAt = start.at ?? (start.delayMs === undefined ? null : at + start.delayMs);
  // A worker that was declared dead meanwhile would hold it for ever.
  const isLeased =
    start.leaseTo !== undefined && (dueAt === null || dueAt <= at) && context.scratch.isAlive(db, start.leaseTo, at);
  const readyAt = dueAt !== null && dueAt > at ? dueAt : at - start.priorityMs;
  db.run(
    "insert into live (run, definition, state, ready_at, holder, fence) values (?, ?, ?, ?, ?, ?)",
    no,
    definition,
    isLeased ? state.leased : state.ready,
    isLeased ? null : readyAt,
    isLeased ? (start.leaseTo ?? null) : null,
    isLeased ? 1 : 0,
  );
  if (!isLeased) context.hints.ready = true;
  context.counters.move(definition, null, isLeased ? "running" : "pending");
  context.hints.change(no, start.id, isLeased ? "running" : "pending");
  return {
    ok: true,
    at,
    run: newRun(start, no, isLeased ? 1 : 0, at),
    isCreated: true,
    isLeased,
  };
}

/** Of a verb that makes a new run: kept with the one that it was asked of, if that is still there. */
function auditOrigin(context: Context, asked: NonNullable<StartRun["audit"]>, at: number): void {
  const old = context.db.get<{ no: number }>("select no from runs where id = ?", asked.runId);
  if (old !== undefined) audit(context, old.no, asked.runId, asked, at);
}

/** A parent that asks again for its child after a resume: a child at rest answers at once, a failed one is resumed. */
function rejoinChild(context: Context, child: number, parent: number, key: string, at: number): void {
  const row = context.db.get<{ id: string; ended: string | null; round: number }>(
    "select id, ended, round from runs where no = ?",
    child,
  );
  context.db.run("update waits set name = ? where run = ? and key = ?", row?.id ?? "", parent, key);
  if (row === undefined || row.ended === null) return;
  if (row.ended === "failed") {
    reopenRun(context, child, { to: "ready", reopening: failedStepReopening(context, child) }, at);
    return;
  }
  // Its end was told once already, to a call that a restart has taken back since: this telling is another one.
  const ref = `${child}:${row.round}:${liveRow(context, parent)?.fence ?? 0}`;
  deliver(context, { run: parent, kind: "child", ref, key, body: null }, at);
}

/** Reopens what failed last: the step whose error ended the run. */
function failedStepReopening(context: Context, run: number): Reopening | null {
  const dead = context.db.get<{ step: string | null }>("select step from dead where run = ?", run);
  if (dead?.step == null) return null;
  const entry = context.db.get<{ seq: number }>(
    "select max(seq) as seq from steps where run = ? and key = ?",
    run,
    dead.step,
  );
  return { keys: [dead.step], ...(entry?.seq == null ? {} : { optionalFrom: entry.seq }) };
}

/** Ends a run: it leaves the queue, its waits go, its parent is told. */
export function endRun(
  context: Context,
  live: LiveRow,
  end: Extract<Next, { state: RestStatus }>,
  fence: number,
  at: number,
): void {
  const { db } = context;
  const { run } = live;
  const output = end.state === "completed" ? context.payloads.keep(run, "output", end.output) : null;
  const error = end.state === "failed" ? context.payloads.keep(run, "error", JSON.stringify(end.error)) : null;
  const reason = end.state === "cancelled" ? JSON.stringify(end.reason) : null;
  const row = db.get<{
    id: string;
    definition: number;
    parent: number | null;
    parent_key: string | null;
    parent_awaits: number | null;
    round: number;
  }>(
    `update runs set ended = ?, output = ?, error = ?, reason = ?, fence = ?, ended_at = ? where no = ?
     returning id, definition, parent, parent_key, parent_awaits, round`,
    end.state,
    output,
    error,
    reason,
    fence,
    at,
    run,
  );
  db.run("delete from live where run = ?", run);
  if (live.is_touched === 1) {
    db.run(
      end.state === "failed"
        ? "delete from waits where run = ? and kind <> 'timer'"
        : "delete from waits where run = ?",
      run,
    );
    db.run("delete from shows where run = ?", run);
  }
  if (end.state === "failed") {
    // What was asked of this round is not meant for the next one.
    db.run(
      "update inbox set is_read = 1 where run = ? and is_read = 0 and kind in ('cancel', 'suspend', 'retry')",
      run,
    );
    db.run(
      "insert into dead (run, fingerprint, step, at) values (?, ?, ?, ?) on conflict (run) do update set fingerprint = excluded.fingerprint, step = excluded.step, at = excluded.at",
      run,
      end.fingerprint,
      end.step,
      at,
    );
  }
  if (row === undefined) return;
  context.counters.move(row.definition, statusOf(live), end.state);
  context.hints.change(run, row.id, end.state);
  if (row.parent !== null && row.parent_awaits === 1) {
    deliver(
      context,
      { run: row.parent, kind: "child", ref: `${run}:${row.round}`, key: row.parent_key, body: null },
      at,
    );
  }
  if (end.state === "cancelled") cancelChildren(context, run, end, at);
}

/** A cancel reaches every child that is not at rest: idle ones end here, held ones are told. */
function cancelChildren(
  context: Context,
  parent: number,
  end: Extract<Next, { state: "cancelled" }>,
  at: number,
): void {
  const children = context.db.all<LiveRow & Record<string, unknown>>(
    "select l.run, l.definition, l.state, l.fence, l.unclean, l.is_touched from runs r join live l on l.run = r.no where r.parent = ?",
    parent,
  );
  for (const child of children) {
    if (child.state === state.leased) {
      const body = JSON.stringify({ verb: "cancel", actor: "parent", why: null });
      deliver(context, { run: child.run, kind: "cancel", ref: `cancel:${child.fence}`, key: null, body }, at);
    } else {
      endRun(context, child, end, child.fence + 1, at);
    }
  }
}

/** Sets a failed or suspended run going again in a new round under a raised fence. */
export function reopenRun(context: Context, run: number, idle: Extract<Idle, { to: "ready" }>, at: number): void {
  const { db } = context;
  const row = db.get<{ definition: number; ended: string | null; id: string; fence: number; round: number }>(
    "select definition, ended, id, fence, round from runs where no = ?",
    run,
  );
  if (row === undefined) return;
  const live = liveRow(context, run);
  if (live === undefined) {
    db.run(
      "update runs set ended = null, ended_at = null, error = null, output = null, round = round + 1 where no = ?",
      run,
    );
    db.run("delete from dead where run = ?", run);
    db.run("delete from payloads where run = ? and slot in ('error', 'output')", run);
    db.run(
      "insert into live (run, definition, state, ready_at, fence, is_touched) values (?, ?, ?, ?, ?, 1)",
      run,
      row.definition,
      state.ready,
      at,
      row.fence + 1,
    );
    context.counters.move(row.definition, "failed", "pending");
  } else {
    db.run("update runs set round = round + 1 where no = ?", run);
    db.run(
      "update live set state = ?, ready_at = ?, fence = fence + 1, reason = null, unclean = 0, is_lost = 0 where run = ?",
      state.ready,
      at,
      run,
    );
    context.counters.move(row.definition, statusOf(live), "pending");
  }
  if (idle.input !== undefined)
    db.run("update runs set input = ? where no = ?", context.payloads.keep(run, "input", idle.input), run);
  if (idle.reopening !== null) {
    const seq = (db.get<{ n: number | null }>("select max(seq) as n from steps where run = ?", run)?.n ?? 0) + 1;
    db.run(
      "insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at) values (?, ?, '', ?, 0, ?, null, 0, 0, ?)",
      run,
      seq,
      kindCode.reopen,
      context.payloads.keep(run, `step:${seq}`, JSON.stringify(idle.reopening)),
      at,
    );
    // A restart does again what came after its step: a child that has completed makes room for another one.
    if (idle.reopening.voidFrom !== undefined) {
      for (const key of idle.reopening.keys) {
        db.run(
          "update runs set parent_key = parent_key || ' (before round ' || ? || ')' where parent = ? and parent_key = ? and ended = 'completed'",
          row.round + 1,
          run,
          key,
        );
      }
    }
    for (const key of idle.reopening.keys) db.run("delete from waits where run = ? and key = ?", run, key);
  }
  context.hints.ready = true;
  context.hints.change(run, row.id, "pending");
}

export function remark(context: Context, run: number, kind: string, detail: string | null, at: number): void {
  context.db.run("insert into history (run, kind, detail, at) values (?, ?, ?, ?)", run, kind, detail, at);
}
