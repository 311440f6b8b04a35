import type { ErrorRecord } from "../../kernel/model/errors.ts";
import type { Flow, SlotNeed } from "../../kernel/model/flow.ts";
import type { Reopening } from "../../kernel/model/journal.ts";
import type { Reason } from "../../kernel/model/reason.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { StartOutcome } from "../../kernel/model/transition.ts";
import { admit, remember, replaced } from "./admission.ts";
import { indexAttributes } from "./attributes.ts";
import { audit } from "./audit.ts";
import { kindCode, state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { cancelRun } from "./end-run.ts";
import { deliver } from "./inbox.ts";
import { liveRow } from "./live-row.ts";
import { newRun } from "./new-run.ts";
import { reopenRun } from "./reopen.ts";
import { setLimits, slotState, standInLine, takeSlots } from "./slots.ts";
import type { Work } from "./work.ts";

/** Creates a run and its queue entry in one transaction. The run is leased at once if its worker has capacity. */
export function* startRun(
  context: Context,
  start: StartRun,
  at: number,
  startEvent: number | null = null,
): Work<StartOutcome> {
  const { db } = context;
  if (start.idempotencyKey !== null) {
    const seen = yield* db.get<{ run_id: string; input_hash: string; run: number }>(
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
    const child = yield* db.get<{ no: number; id: string; ended: string | null; reason: string | null }>(
      "select no, id, ended, reason from runs where parent = ? and parent_key = ?",
      start.parent.no,
      start.parent.key,
    );
    // A cancelled or compensated child is final: if its parent is resumed past it, the parent gets a new child in its
    // place.
    const final = child === undefined ? null : yield* finalOf(context, child);
    if (child !== undefined && final !== null && child.id !== start.id) {
      yield* db.run(
        "update runs set parent_key = parent_key || ' (' || ? || ' ' || no || ')' where no = ?",
        final,
        child.no,
      );
    } else if (child !== undefined) {
      yield* rejoinChild(context, child.no, start.parent.no, start.parent.key, at);
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
  // Admission must not count a repeated start twice.
  const repeated = flow === undefined ? null : yield* startedBefore(context, start, at);
  if (repeated !== null) return repeated;
  const admission = flow === undefined ? atOnce : yield* admit(context, start, flow, at);
  if (admission.kind === "refused")
    return { ok: false, why: "rate-limited", key: admission.key, retryInMs: admission.retryAt - at };
  if (admission.kind === "joined") {
    yield* keepIdempotencyKey(context, start, admission, at);
    return {
      ok: true,
      at,
      run: { ...newRun(start, admission.run, 0, at), id: admission.id },
      isCreated: false,
      isLeased: false,
    };
  }
  if (flow?.singleton !== undefined) yield* endReplaced(context, flow, at);
  const definition = yield* context.definitions.numberOf(start.definition);
  yield* context.definitions.setKeep(definition, flow?.keep);
  yield* context.definitions.setQueue(definition, start.queue);
  const floor = yield* context.scratch.lastEvent(db);
  const offloaded = context.payloads.isLarge(start.input);
  const made = yield* db.get<{ no: number }>(
    `insert into runs (no, id, definition, key, input, attributes, origin, parent, parent_key, parent_awaits, event_floor, start_event, created_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing returning no`,
    yield* context.numbers.next(),
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
  if (made === undefined) {
    const before = yield* startedBefore(context, start, at);
    if (before === null) throw new Error(`run ${start.id} exists and was not found`);
    return before;
  }
  const { no } = made;
  if (offloaded)
    yield* db.run("update runs set input = ? where no = ?", yield* context.payloads.keep(no, "input", start.input), no);
  if (start.idempotencyKey !== null) yield* keepIdempotencyKey(context, start, { run: no, id: start.id }, at);
  if (start.audit !== undefined) yield* auditOrigin(context, start.audit, at);
  const dueAt = dueOf(start, admission.notBefore, at);
  const isDue = dueAt === null || dueAt <= at;
  const readyAt = isDue ? at - start.priorityMs : dueAt;
  if (flow !== undefined) yield* remember(context, no, flow, at);
  const fullKey = isDue && flow?.slots !== undefined ? yield* takeFirstSlots(context, no, flow.slots, at) : null;
  // A worker that was marked dead meanwhile would hold it forever.
  const isLeased =
    start.leaseTo !== undefined && isDue && fullKey === null && (yield* context.scratch.isAlive(db, start.leaseTo, at));
  const code = isLeased ? state.leased : fullKey === null ? state.ready : state.parked;
  yield* db.run(
    "insert into live (run, definition, state, ready_at, holder, fence) values (?, ?, ?, ?, ?, ?)",
    no,
    definition,
    code,
    code === state.ready ? readyAt : null,
    isLeased ? (start.leaseTo ?? null) : null,
    isLeased ? 1 : 0,
  );
  if (flow !== undefined) {
    yield* keepFlow(context, no, flow, admission.throttledTo);
    yield* applyFlow(context, no, flow, isDue && fullKey === null, dueAt ?? at);
  }
  if (fullKey !== null) yield* standInLine(context, no, fullKey, { rank: readyAt, readyAt: null }, at);
  if (code === state.ready || flow?.deadlineMs !== undefined) context.hints.ready = true;
  if (start.attributes !== null) yield* indexAttributes(context, no, start.attributes);
  context.counters.hour(definition, "started", at, 1);
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

/** The result of a start that is repeated because its response was lost. Null: it has not been executed. */
function* startedBefore({ db }: Context, start: StartRun, at: number): Work<StartOutcome | null> {
  const row = yield* db.get<{ no: number; holder: number | null; fence: number | null }>(
    "select r.no, l.holder, l.fence from runs r left join live l on l.run = r.no where r.id = ?",
    start.id,
  );
  if (row === undefined) return null;
  const isLeased = start.leaseTo !== undefined && row.holder === start.leaseTo && row.fence === 1;
  return { ok: true, at, run: newRun(start, row.no, isLeased ? 1 : 0, at), isCreated: true, isLeased };
}

/** A start without flow control: now. */
const atOnce = { kind: "new", notBefore: null, throttledTo: null } as const;

function dueOf(start: StartRun, notBefore: number | null, at: number): number | null {
  const asked = start.at ?? (start.delayMs === undefined ? null : at + start.delayMs);
  return asked === null || notBefore === null ? (asked ?? notBefore) : Math.max(asked, notBefore);
}

function* keepIdempotencyKey(
  context: Context,
  start: StartRun,
  run: { run: number; id: string },
  at: number,
): Work<void> {
  if (start.idempotencyKey === null) return;
  yield* context.db.run(
    "insert into idempotency (definition, key, run_id, input_hash, run, at) values (?, ?, ?, ?, ?, ?)",
    start.definition.name,
    start.idempotencyKey,
    run.id,
    start.inputHash,
    run.run,
    at,
  );
}

function* takeFirstSlots(context: Context, run: number, needs: readonly SlotNeed[], at: number): Work<string | null> {
  yield* setLimits(context, needs, at);
  return yield* takeSlots(context, run, 1, needs, at);
}

/** Stores, as `RunFlow`, what outlives the start: the slots that the run takes again after each wait, its deadline and its place. */
function* keepFlow(context: Context, run: number, flow: Flow, throttledTo: number | null): Work<void> {
  const { slots, deadlineMs } = flow;
  const throttle =
    flow.throttle === undefined || throttledTo === null ? undefined : { key: flow.throttle.key, at: throttledTo };
  if (slots === undefined && deadlineMs === undefined && throttle === undefined) return;
  yield* context.db.run("update runs set flow = ? where no = ?", JSON.stringify({ slots, deadlineMs, throttle }), run);
}

/** Sets the run's slots and deadline in the queue. */
function* applyFlow(context: Context, run: number, flow: Flow, isHolding: boolean, from: number): Work<void> {
  const { slots, deadlineMs } = flow;
  if (slots === undefined && deadlineMs === undefined) return;
  yield* context.db.run(
    "update live set slots = ?1, deadline_at = ?2, ready_at = case when state = ?3 then ?2 else ready_at end where run = ?4",
    slots === undefined ? slotState.none : isHolding ? slotState.holding : slotState.wanting,
    deadlineMs === undefined ? null : from + deadlineMs,
    state.parked,
    run,
  );
}

/** Ends the singleton run that the newest start replaces. */
function* endReplaced(context: Context, flow: Flow, at: number): Work<void> {
  const run = yield* replaced(context, flow);
  if (run !== null)
    yield* cancelRun(context, run, { code: "by-person", by: "singleton", why: "replaced by a newer start" }, at);
}

/** Records an action that created a new run with the original run, if that still exists. */
function* auditOrigin(context: Context, asked: NonNullable<StartRun["audit"]>, at: number): Work<void> {
  const old = yield* context.db.get<{ no: number }>("select no from runs where id = ?", asked.runId);
  if (old !== undefined) yield* audit(context, old.no, asked.runId, asked, at);
}

/** Why a child cannot be continued, or null. */
function* finalOf(
  context: Context,
  child: { no: number; ended: string | null; reason: string | null },
): Work<string | null> {
  if (child.ended === "cancelled") return "cancelled";
  if (child.ended !== "failed" || child.reason === null) return null;
  const { code } = JSON.parse(child.reason) as Reason;
  return code === "compensated" || (code === "dismissed" && (yield* hasUndos(context, child.no)))
    ? "compensated"
    : null;
}

function* hasUndos({ db }: Context, run: number): Work<boolean> {
  return (yield* db.get("select 1 from steps where run = ? and kind = ? limit 1", run, kindCode.undo)) !== undefined;
}

/** A resumed parent requests its child again: an ended child reports its result at once, a failed one is resumed. */
function* rejoinChild(context: Context, child: number, parent: number, key: string, at: number): Work<void> {
  const row = yield* context.db.get<{ id: string; ended: string | null; round: number }>(
    "select id, ended, round from runs where no = ?",
    child,
  );
  yield* context.db.run("update waits set name = ? where run = ? and key = ?", row?.id ?? "", parent, key);
  if (row === undefined || row.ended === null) return;
  if (row.ended === "failed") {
    yield* reopenRun(context, child, { to: "ready", reopening: yield* failedStepReopening(context, child) }, at);
    return;
  }
  // Its end was already delivered to a call that a restart has voided since. This is a separate delivery.
  const ref = `${child}:${row.round}:${(yield* liveRow(context, parent))?.fence ?? 0}`;
  yield* deliver(context, { run: parent, kind: "child", ref, key, body: null }, at);
}

/** The reopening of the step whose error ended the run, or null. */
function* failedStepReopening(context: Context, run: number): Work<Reopening | null> {
  const dead = yield* context.db.get<{ step: string | null }>("select step from dead where run = ?", run);
  const step = dead === undefined ? yield* dismissedStep(context, run) : dead.step;
  if (step == null) return null;
  const entry = yield* context.db.get<{ seq: number }>(
    "select max(seq) as seq from steps where run = ? and key = ?",
    run,
    step,
  );
  return { keys: [step], ...(entry?.seq == null ? {} : { optionalFrom: entry.seq }) };
}

/** A dismissed run has no dead letter with the failed step, but its error names the step. */
function* dismissedStep({ db, payloads }: Context, run: number): Work<string | undefined> {
  const stored = (yield* db.get<{ error: string | null }>("select error from runs where no = ?", run))?.error ?? null;
  const error = yield* payloads.whole(run, "error", stored);
  return error === null ? undefined : (JSON.parse(error) as ErrorRecord).step;
}
