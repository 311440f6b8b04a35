import type { Reason } from "../../kernel/model/reason.ts";
import type { RunMark } from "../../kernel/model/run.ts";
import type { Idle, Intervene, Outcome, StartRefusal } from "../../kernel/model/transition.ts";
import { reopenRefusal } from "./admission.ts";
import { audit } from "./audit.ts";
import { isBulkDone, markBulkDone } from "./bulks.ts";
import { livingPart } from "./chains.ts";
import { state } from "./codes.ts";
import { beginCompensation } from "./compensate.ts";
import type { Context } from "./context.ts";
import { removeDeadLetter } from "./dead.ts";
import { cancelIdle } from "./end-run.ts";
import { deliver } from "./inbox.ts";
import { type LiveRow, liveRow, remark, statusOf } from "./live-row.ts";
import { reopenRun } from "./reopen.ts";
import { giveSlotsBack, slotState } from "./slots.ts";
import type { Work } from "./work.ts";

/**
 * Applies a recovery action: as a message to the run's holder, or immediately if no worker holds the run and it has not
 * changed since it was read.
 */
export function* intervene(context: Context, act: Intervene, at: number): Work<Outcome> {
  if (act.bulk !== undefined && (yield* isBulkDone(context, act.bulk))) return { ok: true, at, isHeld: false };
  const outcome = yield* carryOut(context, act, at);
  if (act.bulk !== undefined && outcome.ok) yield* markBulkDone(context, act.bulk, at);
  return outcome;
}

function* carryOut(context: Context, act: Intervene, at: number): Work<Outcome> {
  // Until it is carried out, a loop may have continued many times: the request is for the part that is open now.
  const run = act.isUnconditional === true ? yield* livingPart(context, act.run) : act.run;
  return yield* carryOutOn(context, { ...act, run }, at);
}

function* carryOutOn(context: Context, act: Intervene, at: number): Work<Outcome> {
  const { db } = context;
  // The queue row first: while it is locked, the row in `runs` cannot change.
  const live = yield* liveRow(context, act.run);
  const row = yield* db.get<{ id: string; definition: number; fence: number; round: number }>(
    "select id, definition, fence, round from runs where no = ?",
    act.run,
  );
  if (row === undefined) return { ok: false, why: "stale" };
  if (live?.state === state.leased) {
    if (act.held === null) return { ok: false, why: "stale" };
    const ref = `${act.held.verb}:${live.fence}:${act.held.verb === "retry" ? at : ""}`;
    yield* deliver(context, { run: act.run, kind: act.held.verb, ref, key: null, body: JSON.stringify(act.held) }, at);
    yield* audit(context, act.run, row.id, act.audit, at);
    return { ok: true, at, isHeld: true };
  }
  const isSeen = isStillAs(act.seen, row, live);
  const isApplicable = act.isUnconditional === true && live?.is_compensating === 0 && live.state !== state.suspended;
  if (!isSeen && !isApplicable) return { ok: false, why: "stale" };
  const { idle } = act;
  switch (idle.to) {
    case "ready": {
      const refusal = live === undefined ? yield* refusalOfReopening(context, act.run, idle) : null;
      if (refusal !== null) return refusal;
      yield* reopenRun(context, act.run, idle, at);
      break;
    }
    case "suspended":
      if (live === undefined) return { ok: false, why: "stale" };
      if (live.state === state.ready) yield* keepStartTime(context, act.run, at);
      yield* db.run(
        "update live set state = ?, ready_at = null, reason = ?, fence = fence + 1, clocks_stopped_at = ? where run = ?",
        state.suspended,
        JSON.stringify(idle.reason),
        idle.stopsClocks === true ? at : null,
        act.run,
      );
      if (live.slots !== slotState.none) yield* giveSlotsBack(context, act.run, true, at);
      context.counters.move(row.definition, statusOf(live), "suspended");
      context.hints.change(act.run, row.id, "suspended");
      break;
    case "cancelled":
      if (live === undefined) return { ok: false, why: "stale" };
      yield* cancelIdle(context, live, idle.reason, live.fence + 1, at);
      break;
    case "compensating":
      yield* beginCompensation(context, act.run, idle.compensation, at);
      break;
    case "dismissed":
      if (!(yield* dismiss(context, act.run, idle.reason))) return { ok: false, why: "stale" };
      break;
    case "retried":
      if (live === undefined) return { ok: false, why: "stale" };
      yield* db.run("update waits set due_at = ? where run = ? and kind = 'retry'", at, act.run);
      yield* db.run("update live set ready_at = ? where run = ? and state = ?", at, act.run, state.parked);
      context.hints.ready = true;
      break;
  }
  yield* audit(context, act.run, row.id, act.audit, at);
  yield* remark(context, act.run, act.audit.verb, null, at);
  return { ok: true, at, isHeld: false };
}

/** Without it, a run that ends after a cancel with compensation was decided would be compensated: it keeps its fence. */
function isStillAs(seen: RunMark, row: { fence: number; round: number }, live: LiveRow | undefined): boolean {
  const isOpen = live !== undefined;
  return row.round === seen.round && (live?.fence ?? row.fence) === seen.fence && (seen.isOpen ?? isOpen) === isOpen;
}

/** A run that only continues its compensation does not work, so nothing else must be over for it. */
function* refusalOfReopening(
  context: Context,
  run: number,
  idle: Extract<Idle, { to: "ready" }>,
): Work<StartRefusal | null> {
  const dead = yield* context.db.get<{ compensation: string | null }>(
    "select compensation from dead where run = ?",
    run,
  );
  const isUndoing = idle.compensation !== undefined || (dead?.compensation ?? null) !== null;
  return isUndoing ? null : yield* reopenRefusal(context, run);
}

/** Keeps the start time of a delayed run that is suspended, so that it does not start earlier when it is resumed. */
function* keepStartTime({ db }: Context, run: number, at: number): Work<void> {
  const row = yield* db.get<{ ready_at: number; flow: string | null }>(
    "select l.ready_at, r.flow from live l join runs r on r.no = l.run where l.run = ? and l.ready_at > ? and l.reason is null",
    run,
    at,
  );
  if (row === undefined) return;
  const flow = { ...JSON.parse(row.flow ?? "{}"), notBefore: row.ready_at };
  yield* db.run("update runs set flow = ? where no = ?", JSON.stringify(flow), run);
}

/** The run stays failed but is no longer a dead letter. Another action may still resume it. */
function* dismiss(context: Context, run: number, reason: Reason): Work<boolean> {
  if (!(yield* removeDeadLetter(context, run))) return false;
  yield* context.db.run("update runs set reason = ? where no = ?", JSON.stringify(reason), run);
  return true;
}
