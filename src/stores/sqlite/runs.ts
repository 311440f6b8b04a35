import type { Flow, RunFlow, SlotNeed } from "../../kernel/model/flow.ts";
import type { Reopening } from "../../kernel/model/journal.ts";
import type { Reason } from "../../kernel/model/reason.ts";
import type { Compensation } from "../../kernel/model/run.ts";
import type { RestStatus, RunStatus } from "../../kernel/model/status.ts";
import type { Idle, Next, Outcome, StartRun } from "../../kernel/model/transition.ts";
import { admit, remember, replaced } from "./admission.ts";
import { audit } from "./audit.ts";
import { kindCode, state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { deliver } from "./inbox.ts";
import { newRun } from "./new-run.ts";
import { needsOf, releaseSlots, setLimits, slotState, standInLine, takeSlots } from "./slots.ts";

/** The row of the queue, as guards read it. */
export interface LiveRow {
  readonly run: number;
  readonly definition: number;
  readonly state: number;
  readonly fence: number;
  readonly unclean: number;
  readonly is_touched: number;
  readonly is_compensating: number;
  readonly slots: number;
  readonly deadline_at: number | null;
}

const liveColumns =
  "run, definition, state, fence, unclean, is_touched, compensation is not null as is_compensating, slots, deadline_at";

export function liveRow(context: Context, run: number): LiveRow | undefined {
  return context.db.get<LiveRow & Record<string, unknown>>(`select ${liveColumns} from live where run = ?`, run);
}

export function statusOf(live: LiveRow): RunStatus {
  return statusOfState(live.state, live.is_compensating === 1);
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
  const { flow } = start;
  const admission = flow === undefined ? atOnce : admit(context, start, flow, at);
  if (admission.kind === "refused")
    return { ok: false, why: "rate-limited", key: admission.key, retryInMs: admission.retryAt - at };
  if (admission.kind === "joined") {
    keepIdempotencyKey(context, start, admission, at);
    return {
      ok: true,
      at,
      run: { ...newRun(start, admission.run, 0, at), id: admission.id },
      isCreated: false,
      isLeased: false,
    };
  }
  if (flow?.singleton !== undefined) endReplaced(context, flow, at);
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
  if (start.idempotencyKey !== null) keepIdempotencyKey(context, start, { run: no, id: start.id }, at);
  if (start.audit !== undefined) auditOrigin(context, start.audit, at);
  const dueAt = dueOf(start, admission.notBefore, at);
  const isDue = dueAt === null || dueAt <= at;
  const readyAt = isDue ? at - start.priorityMs : dueAt;
  if (flow !== undefined) remember(context, no, flow, at);
  const fullKey = isDue && flow?.slots !== undefined ? takeFirstSlots(context, no, flow.slots, at) : null;
  // A worker that was declared dead meanwhile would hold it for ever.
  const isLeased =
    start.leaseTo !== undefined && isDue && fullKey === null && context.scratch.isAlive(db, start.leaseTo, at);
  const code = isLeased ? state.leased : fullKey === null ? state.ready : state.parked;
  db.run(
    "insert into live (run, definition, state, ready_at, holder, fence) values (?, ?, ?, ?, ?, ?)",
    no,
    definition,
    code,
    code === state.ready ? readyAt : null,
    isLeased ? (start.leaseTo ?? null) : null,
    isLeased ? 1 : 0,
  );
  if (flow !== undefined) keepFlow(context, no, flow, isDue && fullKey === null, dueAt ?? at);
  if (fullKey !== null) standInLine(context, no, fullKey, { rank: readyAt, readyAt: null }, at);
  if (code === state.ready || flow?.deadlineMs !== undefined) context.hints.ready = true;
  context.counters.move(definition, null, statusOfState(code, false));
  context.hints.change(no, start.id, statusOfState(code, false));
  return {
    ok: true,
    at,
    run: newRun(start, no, isLeased ? 1 : 0, at),
    isCreated: true,
    isLeased,
  };
}

/** A start without limits: now. */
const atOnce = { kind: "new", notBefore: null } as const;

function dueOf(start: StartRun, notBefore: number | null, at: number): number | null {
  const asked = start.at ?? (start.delayMs === undefined ? null : at + start.delayMs);
  return asked === null || notBefore === null ? (asked ?? notBefore) : Math.max(asked, notBefore);
}

function keepIdempotencyKey(context: Context, start: StartRun, run: { run: number; id: string }, at: number): void {
  if (start.idempotencyKey === null) return;
  context.db.run(
    "insert into idempotency (definition, key, run_id, input_hash, run, at) values (?, ?, ?, ?, ?, ?)",
    start.definition.name,
    start.idempotencyKey,
    run.id,
    start.inputHash,
    run.run,
    at,
  );
}

function takeFirstSlots(context: Context, run: number, needs: readonly SlotNeed[], at: number): string | null {
  setLimits(context, needs, at);
  return takeSlots(context, run, 1, needs, at);
}

/** What stays with the run: the slots that it takes again after each wait, and its deadline. */
function keepFlow(context: Context, run: number, flow: Flow, isHolding: boolean, from: number): void {
  const { slots, deadlineMs } = flow;
  if (slots === undefined && deadlineMs === undefined) return;
  context.db.run("update runs set flow = ? where no = ?", JSON.stringify({ slots, deadlineMs }), run);
  context.db.run(
    "update live set slots = ?1, deadline_at = ?2, ready_at = case when state = ?3 then ?2 else ready_at end where run = ?4",
    slots === undefined ? slotState.none : isHolding ? slotState.holding : slotState.wanting,
    deadlineMs === undefined ? null : from + deadlineMs,
    state.parked,
    run,
  );
}

/** Of a singleton that the newest start replaces. */
function endReplaced(context: Context, flow: Flow, at: number): void {
  const run = replaced(context, flow);
  if (run !== null)
    cancelRun(context, run, { code: "by-person", by: "singleton", why: "replaced by a newer start" }, at);
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
  const reason = end.state === "completed" || end.reason === undefined ? null : JSON.stringify(end.reason);
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
  const compensation = live.is_compensating === 1 ? compensationOf(context, run) : null;
  db.run("delete from live where run = ?", run);
  if (live.slots !== slotState.none) releaseSlots(context, run, true, at);
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
    if (end.reason?.code !== "compensated") {
      db.run(
        "insert into dead (run, fingerprint, step, at, compensation) values (?, ?, ?, ?, ?)",
        run,
        end.fingerprint,
        end.step,
        at,
        compensation,
      );
    }
  }
  if (row === undefined) return;
  context.counters.move(row.definition, statusOf(live), end.state);
  context.hints.change(run, row.id, end.state);
  if (end.state === "completed" && end.continuesAs !== undefined) return continueRun(context, run, end.continuesAs, at);
  if (row.parent !== null && row.parent_awaits === 1) {
    deliver(
      context,
      { run: row.parent, kind: "child", ref: `${run}:${row.round}`, key: row.parent_key, body: null },
      at,
    );
  }
  if (end.state === "cancelled") cancelChildren(context, run, end.reason, at);
}

/**
 * The new run takes the old one's place: with its parent, and for the same events, but for those that it has had. An
 * event that came while the old one was ending is not lost.
 */
function continueRun(context: Context, old: number, start: StartRun, at: number): void {
  const { db } = context;
  const outcome = startRun(context, start, at);
  if (!outcome.ok || !("isCreated" in outcome)) throw new Error(`run ${start.id} cannot go on for ${old}`);
  const { no, id } = outcome.run;
  db.run("update runs set continued_as = ? where no = ?", id, old);
  db.run(
    "update runs set (event_floor, start_event) = (select event_floor, start_event from runs where no = ?) where no = ?",
    old,
    no,
  );
  db.run(
    "insert into inbox (run, kind, ref, key, body, is_read, at) select ?, kind, ref, null, null, 1, at from inbox where run = ? and kind = 'event' and is_read = 1",
    no,
    old,
  );
  const family = db.get<{ parent: number | null; parent_key: string | null; parent_awaits: number | null }>(
    "select parent, parent_key, parent_awaits from runs where no = ?",
    old,
  );
  if (family?.parent == null) return;
  db.run("update runs set parent_key = parent_key || ' (continued ' || no || ')', parent_awaits = 0 where no = ?", old);
  db.run(
    "update runs set parent = ?, parent_key = ?, parent_awaits = ? where no = ?",
    family.parent,
    family.parent_key,
    family.parent_awaits,
    no,
  );
  db.run("update waits set name = ? where run = ? and key = ?", id, family.parent, family.parent_key);
}

function compensationOf(context: Context, run: number): string | null {
  return (
    context.db.get<{ compensation: string | null }>("select compensation from live where run = ?", run)?.compensation ??
    null
  );
}

/**
 * From here on what the run has done is undone. Its children are cancelled first, and nothing that it waited for
 * concerns it any more. It is leased anew, under a fence of its own.
 */
export function beginCompensation(context: Context, run: number, compensation: Compensation, at: number): void {
  const { db } = context;
  const live = liveRow(context, run);
  const lost = db.get<{ is_lost: number }>("select is_lost from live where run = ?", run)?.is_lost === 1;
  const text = JSON.stringify(lost ? { ...compensation, isFrontierUnknown: true } : compensation);
  if (live === undefined) {
    const row = openAgain(context, run);
    if (row === undefined) return;
    db.run(
      "insert into live (run, definition, state, ready_at, fence, is_touched, compensation, slots) values (?, ?, ?, ?, ?, 1, ?, ?)",
      run,
      row.definition,
      state.ready,
      at,
      row.fence + 1,
      text,
      wantsSlots(row.flow),
    );
    context.counters.move(row.definition, row.ended, "compensating");
  } else {
    db.run("delete from slot_waiters where run = ?", run);
    // What is undone has no deadline: it must be finished.
    db.run(
      `update live set state = ?, ready_at = ?, holder = null, fence = fence + ?, reason = null, unclean = 0, is_lost = 0,
         clocks_stopped_at = null, deadline_at = null, compensation = ? where run = ?`,
      state.ready,
      at,
      live.state === state.leased ? 0 : 1,
      text,
      run,
    );
    context.counters.move(live.definition, statusOf(live), "compensating");
  }
  db.run("delete from waits where run = ?", run);
  db.run("delete from shows where run = ?", run);
  db.run("update inbox set is_read = 1 where run = ? and is_read = 0", run);
  cancelChildren(
    context,
    run,
    compensation.end === "cancelled" ? compensation.reason : { code: "by-person", by: "compensation", why: null },
    at,
  );
  remark(context, run, "compensating", text, at);
  context.hints.ready = true;
  context.hints.change(run, null, "compensating");
}

/** Takes a run that was at rest out of its rest, in a new round. */
function openAgain(
  context: Context,
  run: number,
):
  | { definition: number; ended: RestStatus; fence: number; flow: string | null; compensation: string | null }
  | undefined {
  const { db } = context;
  const row = db.get<{
    definition: number;
    ended: RestStatus;
    fence: number;
    flow: string | null;
    compensation: string | null;
  }>(
    "select r.definition, r.ended, r.fence, r.flow, d.compensation from runs r left join dead d on d.run = r.no where r.no = ?",
    run,
  );
  if (row === undefined) return undefined;
  db.run(
    "update runs set ended = null, ended_at = null, error = null, reason = null, output = null, round = round + 1 where no = ?",
    run,
  );
  db.run("delete from dead where run = ?", run);
  db.run("delete from payloads where run = ? and slot in ('error', 'output')", run);
  return row;
}

/** A cancel reaches every child that is not at rest or on its way there: idle ones end here, held ones are told. */
function cancelChildren(context: Context, parent: number, reason: Reason, at: number): void {
  const children = context.db.all<LiveRow & Record<string, unknown>>(
    `select ${liveColumns} from live where compensation is null and run in (select no from runs where parent = ? and ended is null)`,
    parent,
  );
  for (const child of children) cancelLive(context, child, "parent", reason, at);
}

/** Cancels a run for the engine's own reasons; one that is at rest or being undone is left alone. */
export function cancelRun(
  context: Context,
  run: number,
  reason: Extract<Reason, { code: "by-person" }>,
  at: number,
): void {
  const live = liveRow(context, run);
  if (live !== undefined && live.is_compensating === 0) cancelLive(context, live, reason.by, reason, at);
}

function cancelLive(context: Context, live: LiveRow, actor: string, reason: Reason, at: number): void {
  if (live.state !== state.leased) return endRun(context, live, { state: "cancelled", reason }, live.fence + 1, at);
  const body = JSON.stringify({ verb: "cancel", actor, why: reason.code === "by-person" ? reason.why : null });
  deliver(context, { run: live.run, kind: "cancel", ref: `cancel:${live.fence}`, key: null, body }, at);
}

/** Sets a failed or suspended run going again in a new round under a raised fence. */
export function reopenRun(context: Context, run: number, idle: Extract<Idle, { to: "ready" }>, at: number): void {
  const { db } = context;
  const row = db.get<{ id: string; round: number }>("select id, round from runs where no = ?", run);
  if (row === undefined) return;
  const live = liveRow(context, run);
  if (live === undefined) {
    const rest = openAgain(context, run);
    if (rest === undefined) return;
    // Where an undo had failed, resuming it goes on undoing.
    db.run(
      `insert into live (run, definition, state, ready_at, fence, is_touched, compensation, slots, deadline_at)
       values (?, ?, ?, ?, ?, 1, ?, ?, ?)`,
      run,
      rest.definition,
      state.ready,
      at,
      rest.fence + 1,
      rest.compensation,
      wantsSlots(rest.flow),
      rest.compensation === null ? newDeadline(rest.flow, at) : null,
    );
    context.counters.move(rest.definition, rest.ended, rest.compensation === null ? "pending" : "compensating");
  } else {
    startClocks(context, run, at);
    db.run("delete from slot_waiters where run = ?", run);
    db.run("update runs set round = round + 1 where no = ?", run);
    db.run(
      "update live set state = ?, ready_at = ?, fence = fence + 1, reason = null, unclean = 0, is_lost = 0 where run = ?",
      state.ready,
      at,
      run,
    );
    context.counters.move(live.definition, statusOf(live), statusOfState(state.ready, live.is_compensating === 1));
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

function wantsSlots(flow: string | null): number {
  return needsOf(flow).length === 0 ? slotState.none : slotState.wanting;
}

/** Whoever sets a run going again gives it its whole time anew. */
function newDeadline(flow: string | null, at: number): number | null {
  const deadlineMs = flow === null ? undefined : (JSON.parse(flow) as RunFlow).deadlineMs;
  return deadlineMs === undefined ? null : at + deadlineMs;
}

/** Timers that stood still while a person had halted the run move by that time. */
function startClocks(context: Context, run: number, at: number): void {
  const { db } = context;
  const stopped = db.get<{ at: number | null }>("select clocks_stopped_at as at from live where run = ?", run)?.at;
  if (stopped == null) return;
  db.run("update waits set due_at = due_at + ? where run = ? and due_at is not null", at - stopped, run);
  db.run("update live set deadline_at = deadline_at + ? where run = ?", at - stopped, run);
  db.run("update live set clocks_stopped_at = null where run = ?", run);
}

export function remark(context: Context, run: number, kind: string, detail: string | null, at: number): void {
  context.db.run("insert into history (run, kind, detail, at) values (?, ?, ?, ?)", run, kind, detail, at);
}
