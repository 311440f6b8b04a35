import { chargedDeaths, suspectFrom } from "../../kernel/decide/crash.ts";
import type { ErrorRecord } from "../../kernel/model/errors.ts";
import type { Entry, Request } from "../../kernel/model/journal.ts";
import type { Reason } from "../../kernel/model/reason.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import { type Advance, type DivertedStart, type Outcome, settledEntry } from "../../kernel/model/transition.ts";
import { mergeAttributes } from "./attributes.ts";
import { type ChildStart, startChild } from "./child-start.ts";
import { kindCode, outcomeCode, state, statusOfState } from "./codes.ts";
import { beginCompensation } from "./compensate.ts";
import type { Context } from "./context.ts";
import { continueRun } from "./continue-run.ts";
import { cancelIdle, endRun, stopChildren } from "./end-run.ts";
import { acceptEvent, sealEvent } from "./events.ts";
import { markRead, unreadCount } from "./inbox.ts";
import { guardRow, type LiveRow, liveRow, remark, statusOf } from "./live-row.ts";
import { giveSlotsBack, slotState } from "./slots.ts";
import { closeWait, openWait } from "./waits.ts";
import type { Work } from "./work.ts";

const insertStep =
  "insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing";

/**
 * Applies one advance of a held run: the guard first, then everything it lists, then the state in which it leaves the
 * run.
 */
export function* advanceRun(context: Context, advance: Advance, at: number): Work<Outcome> {
  // The usual advance has one result and nothing else, so it must not pay for the rest.
  const isBare = isPlain(advance);
  const live = isBare ? yield* guardRow(context, advance.run) : yield* liveRow(context, advance.run);
  if (!context.safeguards.isHolder(live, advance.fence)) return { ok: false, why: "stale" };
  if (live !== undefined && live.unclean > 0 && isProgress(advance))
    yield* clearSuspicion(context, advance.run, live.unclean);
  if (advance.expires !== undefined && (yield* hasEvent(context, advance.run, advance.expires)))
    return { ok: false, why: "unread" };
  if (isBare) {
    for (const entry of advance.entries ?? []) yield* writeEntry(context, advance.run, entry, at);
    return { ok: true, at, isUnread: false };
  }
  const applied = yield* appliedBefore(context, advance, at);
  if (applied !== null) return applied;
  const held = live as LiveRow;
  const hasStarts = advance.starts !== undefined;
  const diverted = hasStarts ? yield* startChildren(context, advance, held, (each) => !each.parent.isAwaited, at) : [];
  for (const entry of advance.entries ?? []) {
    yield* writeEntry(context, advance.run, settledEntry(entry, diverted), at);
  }
  const touched = yield* writeRest(context, advance, held, at);
  // After the waits: a call that is refused loses its wait, and one that joins another run waits for that run.
  if (hasStarts) diverted.push(...(yield* startChildren(context, advance, held, (each) => each.parent.isAwaited, at)));
  const isUnread = advance.next === undefined ? false : !(yield* leave(context, advance, touched, diverted, at));
  return { ok: true, at, isUnread, ...(diverted.length === 0 ? {} : { diverted }) };
}

/**
 * The result of an advance that is repeated because its response was lost. If its first entry is there, all of it was
 * applied: starts and events must not be applied again, since they may have another outcome now. Null: it is new.
 */
function* appliedBefore(context: Context, advance: Advance, at: number): Work<Outcome | null> {
  const [first] = advance.entries ?? [];
  if (first === undefined || (advance.starts === undefined && advance.events === undefined)) return null;
  const row = yield* context.db.get<{ key: string; outcome: number; value: string | null }>(
    "select key, outcome, value from steps where run = ? and seq = ?",
    advance.run,
    first.seq,
  );
  if (row === undefined || !context.safeguards.isApplied()) return null;
  if (row.key !== first.key || first.kind !== "start") return { ok: true, at, isUnread: false };
  const value = (yield* context.payloads.whole(advance.run, `step:${first.seq}`, row.value)) ?? "{}";
  const diverted: DivertedStart =
    row.outcome === outcomeCode.error
      ? { key: first.key, error: JSON.parse(value) as ErrorRecord }
      : { key: first.key, run: (JSON.parse(value) as { id: string }).id };
  return { ok: true, at, isUnread: false, diverted: [diverted] };
}

/** Starts the children that `isWanted` selects. Returns those that became something else than a new child. */
function* startChildren(
  context: Context,
  advance: Advance,
  live: LiveRow,
  isWanted: (start: ChildStart) => boolean,
  at: number,
): Work<DivertedStart[]> {
  const diverted: DivertedStart[] = [];
  for (const start of advance.starts ?? []) {
    if (!isChildStart(start) || !isWanted(start)) continue;
    const other = yield* startChild(context, start, live, at);
    if (other !== null) diverted.push(other);
  }
  return diverted;
}

function isChildStart(start: StartRun): start is ChildStart {
  return start.parent !== undefined;
}

/** Whether the run's own code made progress. Recording a lost attempt or giving up the run is not progress. */
function isProgress(advance: Advance): boolean {
  return (advance.entries?.length ?? 0) > 0 || advance.next?.state === "parked" || advance.next?.state === "completed";
}

/**
 * Progress of a run with counted crashes proves that they had an external cause: the crash counts of all runs are
 * reset.
 */
function* clearSuspicion(context: Context, run: number, unclean: number): Work<void> {
  yield* context.db.run("update live set unclean = 0 where run = ?", run);
  if (chargedDeaths(unclean) > 0)
    yield* context.db.run("update live set unclean = ? where unclean > ?", suspectFrom, suspectFrom);
}

/** Either an event or the timeout ends a wait. An event that has already arrived takes precedence. */
function* hasEvent(context: Context, run: number, keys: readonly string[]): Work<boolean> {
  for (const key of keys) {
    const wait = yield* context.db.get<{ event: number | null }>(
      "select event from waits where run = ? and key = ?",
      run,
      key,
    );
    if (wait !== undefined && wait.event !== null) return true;
  }
  return false;
}

function isPlain(advance: Advance): boolean {
  return (
    advance.next === undefined &&
    advance.attempts === undefined &&
    advance.opens === undefined &&
    advance.closes === undefined &&
    advance.cancels === undefined &&
    advance.expires === undefined &&
    advance.starts === undefined &&
    advance.events === undefined &&
    advance.sealEvents === undefined &&
    advance.read === undefined &&
    advance.attributes === undefined &&
    advance.logs === undefined &&
    advance.shows === undefined
  );
}

function writeEntry(context: Context, run: number, entry: Entry, at: number): Work<unknown> {
  const { value, input } = entry;
  const isInline = !context.payloads.isLarge(value) && !context.payloads.isLarge(input);
  return isInline ? insertEntry(context, run, entry, value, input, at) : keepEntry(context, run, entry, at);
}

function* keepEntry(context: Context, run: number, entry: Entry, at: number): Work<void> {
  const value = yield* context.payloads.keep(run, `step:${entry.seq}`, entry.value);
  const input = yield* context.payloads.keep(run, `step-input:${entry.seq}`, entry.input);
  yield* insertEntry(context, run, entry, value, input, at);
}

function insertEntry(
  { db }: Context,
  run: number,
  entry: Entry,
  value: string | null,
  input: string | null,
  at: number,
): Work<unknown> {
  const { seq, key, attempts, tookMs } = entry;
  const [kind, outcome] = [kindCode[entry.kind], outcomeCode[entry.outcome]];
  return db.run(insertStep, run, seq, key, kind, outcome, value, input, attempts, tookMs, at);
}

/** Returns the run's row after the writes. */
function* writeRest(context: Context, advance: Advance, live: LiveRow, at: number): Work<LiveRow> {
  const { db } = context;
  const { run } = advance;
  for (const attempt of advance.attempts ?? []) {
    yield* db.run(
      `insert into attempts (run, key, number, round, fence, charged, outcome, error, took_ms, at)
       values (?, ?, ?, (select round from runs where no = ?), ?, ?, ?, ?, ?, ?) on conflict do nothing`,
      run,
      attempt.key,
      attempt.number,
      run,
      advance.fence,
      attempt.charged ? 1 : 0,
      attempt.outcome,
      attempt.error === null ? null : JSON.stringify(attempt.error),
      attempt.tookMs,
      at,
    );
  }
  for (const key of [...(advance.closes ?? []), ...(advance.expires ?? [])]) {
    yield* closeWait(context, run, key);
    yield* db.run("delete from shows where run = ? and key = ?", run, key);
  }
  yield* markRead(context, run, advance.read ?? []);
  if (advance.cancels !== undefined) yield* stopChildren(context, run, advance.cancels, at);
  for (const wait of advance.opens ?? []) yield* openWait(context, run, wait, at);
  const isTouching = live.is_touched === 0 && (advance.opens !== undefined || advance.shows !== undefined);
  if (isTouching) yield* db.run("update live set is_touched = 1 where run = ?", run);
  for (const event of advance.events ?? [])
    yield* acceptEvent(context, { kind: "event", event, isRouted: false, starts: [], refused: [] }, at);
  for (const event of advance.sealEvents ?? []) yield* sealEvent(context, event);
  if (advance.attributes !== undefined) {
    yield* mergeAttributes(context, run, advance.attributes);
  }
  for (const line of advance.logs ?? []) {
    yield* db.run(
      "insert into logs (run, key, level, message, data, at) values (?, ?, ?, ?, ?, ?)",
      run,
      line.key,
      line.level,
      line.message,
      line.data,
      at,
    );
  }
  for (const show of advance.shows ?? []) {
    yield* db.run(
      `insert into shows (run, key, attempt, progress, note, since) values (?, ?, ?, ?, ?, ?)
       on conflict (run, key) do update set attempt = excluded.attempt, progress = excluded.progress, note = excluded.note`,
      run,
      show.key,
      show.attempt,
      show.progress,
      show.note,
      at,
    );
  }
  return isTouching ? { ...live, is_touched: 1 } : live;
}

/**
 * Applies a request that was accepted before the run failed or continued as a new run, and that its holder has not
 * received: it is not lost with this part of the run.
 */
function* obeyInstead(
  context: Context,
  live: LiveRow,
  verbs: readonly Request["verb"][],
  fence: number,
  at: number,
): Work<boolean> {
  const { run } = live;
  const unread = (yield* context.db.all<{ kind: Request["verb"]; body: string }>(
    "select kind, body from inbox where run = ? and is_read = 0 order by no",
    run,
  )).find(({ kind }) => verbs.includes(kind));
  if (unread === undefined || live.is_compensating === 1 || !context.safeguards.obeysUnread()) return false;
  const { actor: by, why, isCompensated, stopsClocks } = JSON.parse(unread.body) as Request;
  const reason = { code: "by-person", by, why } as const;
  if (unread.kind === "suspend") yield* suspendRun(context, live, { reason, stopsClocks: stopsClocks === true }, at);
  else if (isCompensated === true) yield* beginCompensation(context, run, { end: "cancelled", reason }, at);
  else yield* cancelIdle(context, live, reason, fence, at);
  yield* context.db.run("update inbox set is_read = 1 where run = ? and is_read = 0 and kind = ?", run, unread.kind);
  return true;
}

function* suspendRun(
  context: Context,
  live: LiveRow,
  { reason, stopsClocks }: { reason: Reason; stopsClocks: boolean },
  at: number,
): Work<void> {
  const { run } = live;
  yield* context.db.run(
    "update live set state = ?, ready_at = null, holder = null, unclean = 0, is_lost = 0, reason = ?, clocks_stopped_at = ? where run = ?",
    state.suspended,
    JSON.stringify(reason),
    stopsClocks ? at : null,
    run,
  );
  if (live.slots !== slotState.none) yield* giveSlotsBack(context, run, true, at);
  yield* remark(context, run, "suspended", JSON.stringify(reason), at);
  const status = statusOfState(state.suspended, live.is_compensating === 1);
  context.counters.move(live.definition, statusOf(live), status);
  context.hints.change(run, null, status);
}

/**
 * Moves the run to the state that the advance requests. False: an unread message has arrived and the holder keeps the
 * run, or an earlier cancel took effect instead.
 */
function* leave(
  context: Context,
  advance: Advance,
  live: LiveRow,
  diverted: readonly DivertedStart[],
  at: number,
): Work<boolean> {
  const { db } = context;
  const { run, next } = advance;
  const { definition } = live;
  if (next === undefined) return true;
  const moveTo = (code: number): void => {
    const status = statusOfState(code, live.is_compensating === 1);
    context.counters.move(definition, statusOf(live), status);
    context.hints.change(run, null, status);
  };
  switch (next.state) {
    case "parked": {
      // The code must be told that a call was refused.
      if (diverted.some((each) => "error" in each)) return false;
      if (!context.safeguards.mayPark(yield* unreadCount(context, run))) return false;
      const waits = yield* db.get<{ n: number; due: number | null }>(
        "select count(*) as n, min(due_at) as due from waits where run = ?",
        run,
      );
      if (waits === undefined || waits.n === 0)
        throw new Error(`run ${run} would park without anything that could wake it`);
      yield* db.run(
        `update live set state = ?1, ready_at = case when deadline_at is null or deadline_at > cast(?2 as bigint) then cast(?2 as bigint) else deadline_at end,
           holder = null, unclean = 0, is_lost = 0, reason = null where run = ?3`,
        state.parked,
        waits.due,
        run,
      );
      if (live.slots !== slotState.none) yield* giveSlotsBack(context, run, false, at);
      moveTo(state.parked);
      if (waits.due !== null || live.deadline_at !== null) context.hints.ready = true;
      return true;
    }
    case "ready":
      yield* db.run(
        "update live set state = ?, ready_at = ?, holder = null, unclean = 0, is_lost = 0, reason = ? where run = ?",
        state.ready,
        at + (next.delayMs ?? 0),
        next.reason === undefined ? null : JSON.stringify(next.reason),
        run,
      );
      // A run that waits for a worker must not block others.
      if (live.slots !== slotState.none && next.reason !== undefined) yield* giveSlotsBack(context, run, true, at);
      moveTo(state.ready);
      context.hints.ready = true;
      return true;
    case "suspended":
      yield* suspendRun(context, live, { reason: next.reason, stopsClocks: next.stopsClocks === true }, at);
      return true;
    case "compensating":
      // Nothing is undone yet, so a cancel that was accepted first still decides how the run ends.
      if (next.compensation.isCleanupOnly === true && next.compensation.end === "failed")
        if (yield* obeyInstead(context, live, ["cancel"], advance.fence, at)) return false;
      yield* beginCompensation(context, run, next.compensation, at);
      return true;
    case "completed":
      if (next.continuesAs === undefined) yield* endRun(context, live, next, advance.fence, at);
      else if (yield* obeyInstead(context, live, ["cancel", "suspend"], advance.fence, at)) return false;
      else yield* continueRun(context, live, next, next.continuesAs, advance.fence, at);
      return true;
    case "failed":
      if (yield* obeyInstead(context, live, ["cancel"], advance.fence, at)) return false;
      yield* endRun(context, live, next, advance.fence, at);
      return true;
    case "cancelled":
      yield* endRun(context, live, next, advance.fence, at);
      return true;
  }
}
