import type { Reason } from "../../kernel/model/reason.ts";
import type { Intervene, Outcome } from "../../kernel/model/transition.ts";
import { audit } from "./audit.ts";
import { isBulkDone, markBulkDone } from "./bulks.ts";
import { state } from "./codes.ts";
import { beginCompensation } from "./compensate.ts";
import type { Context } from "./context.ts";
import { removeDeadLetter } from "./dead.ts";
import { endRun } from "./end-run.ts";
import { deliver } from "./inbox.ts";
import { liveRow, remark, statusOf } from "./live-row.ts";
import { reopenRun } from "./reopen.ts";
import { giveSlotsBack, slotState } from "./slots.ts";

/** A recovery verb: told to the holder, or done at once to a run that nobody holds and that is still as it was seen. */
export function intervene(context: Context, act: Intervene, at: number): Outcome {
  if (act.bulk !== undefined && isBulkDone(context, act.bulk)) return { ok: true, at, isHeld: false };
  const outcome = carryOut(context, act, at);
  if (act.bulk !== undefined && outcome.ok) markBulkDone(context, act.bulk, at);
  return outcome;
}

function carryOut(context: Context, act: Intervene, at: number): Outcome {
  const { db } = context;
  const row = db.get<{ id: string; definition: number; fence: number; round: number }>(
    "select id, definition, fence, round from runs where no = ?",
    act.run,
  );
  if (row === undefined) return { ok: false, why: "stale" };
  const live = liveRow(context, act.run);
  if (live?.state === state.leased) {
    if (act.held === null) return { ok: false, why: "stale" };
    const ref = `${act.held.verb}:${live.fence}:${act.held.verb === "retry" ? at : ""}`;
    deliver(context, { run: act.run, kind: act.held.verb, ref, key: null, body: JSON.stringify(act.held) }, at);
    audit(context, act.run, row.id, act.audit, at);
    return { ok: true, at, isHeld: true };
  }
  if (row.round !== act.seen.round || (live?.fence ?? row.fence) !== act.seen.fence) return { ok: false, why: "stale" };
  const { idle } = act;
  switch (idle.to) {
    case "ready":
      reopenRun(context, act.run, idle, at);
      break;
    case "suspended":
      if (live === undefined) return { ok: false, why: "stale" };
      if (live.state === state.ready) keepMoment(context, act.run, at);
      db.run(
        "update live set state = ?, ready_at = null, reason = ?, fence = fence + 1, clocks_stopped_at = ? where run = ?",
        state.suspended,
        JSON.stringify(idle.reason),
        idle.stopsClocks === true ? at : null,
        act.run,
      );
      if (live.slots !== slotState.none) giveSlotsBack(context, act.run, true, at);
      context.counters.move(row.definition, statusOf(live), "suspended");
      context.hints.change(act.run, row.id, "suspended");
      break;
    case "cancelled":
      if (live === undefined) return { ok: false, why: "stale" };
      endRun(context, live, { state: "cancelled", reason: idle.reason }, live.fence + 1, at);
      break;
    case "compensating":
      beginCompensation(context, act.run, idle.compensation, at);
      break;
    case "dismissed":
      if (!dismiss(context, act.run, idle.reason)) return { ok: false, why: "stale" };
      break;
    case "retried":
      if (live === undefined) return { ok: false, why: "stale" };
      db.run("update waits set due_at = ? where run = ? and kind = 'retry'", at, act.run);
      db.run("update live set ready_at = ? where run = ? and state = ?", at, act.run, state.parked);
      context.hints.ready = true;
      break;
  }
  audit(context, act.run, row.id, act.audit, at);
  remark(context, act.run, act.audit.verb, null, at);
  return { ok: true, at, isHeld: false };
}

/** A delayed run that is halted does not start before its time when it is resumed. */
function keepMoment({ db }: Context, run: number, at: number): void {
  db.run(
    `update runs set flow = json_set(coalesce(flow, '{}'), '$.notBefore', (select ready_at from live where run = ?1))
     where no = ?1 and exists (select 1 from live where run = ?1 and ready_at > ?2 and reason is null)`,
    run,
    at,
  );
}

/** The run stays failed, and is nobody's concern any more. Another verb may still take it up. */
function dismiss(context: Context, run: number, reason: Reason): boolean {
  if (!removeDeadLetter(context, run)) return false;
  context.db.run("update runs set reason = ? where no = ?", JSON.stringify(reason), run);
  return true;
}
