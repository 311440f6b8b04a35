import type { Reason } from "../../kernel/model/reason.ts";
import type { RestStatus } from "../../kernel/model/status.ts";
import type { Next } from "../../kernel/model/transition.ts";
import { giveBackPlace } from "./admission.ts";
import { setChainEnd } from "./chains.ts";
import { kindCode, state } from "./codes.ts";
import { beginCompensation } from "./compensate.ts";
import type { Context } from "./context.ts";
import { addDeadLetter, keepErrorText } from "./dead.ts";
import { deliver } from "./inbox.ts";
import { isShared, othersOf, tellJoined } from "./joins.ts";
import { type LiveRow, liveColumns, liveRow, statusOf } from "./live-row.ts";
import { detachChild, replaceChild } from "./replace-child.ts";
import { releaseSlots, slotState } from "./slots.ts";
import type { Work } from "./work.ts";

/** Ends a run: removes it from the queue, deletes its waits and notifies its parent. */
export function* endRun(
  context: Context,
  live: LiveRow,
  end: Extract<Next, { state: RestStatus }>,
  fence: number,
  at: number,
): Work<void> {
  const { db } = context;
  const { run } = live;
  const output = end.state === "completed" ? yield* context.payloads.keep(run, "output", end.output) : null;
  const error = end.state === "failed" ? yield* context.payloads.keep(run, "error", JSON.stringify(end.error)) : null;
  const reason = end.state === "completed" || end.reason === undefined ? null : JSON.stringify(end.reason);
  const row = yield* db.get<{
    id: string;
    definition: number;
    parent: number | null;
    parent_key: string | null;
    parent_awaits: number | null;
    round: number;
    flow: string | null;
  }>(
    `update runs set ended = ?, output = ?, error = ?, reason = ?, fence = ?, ended_at = ? where no = ?
     returning id, definition, parent, parent_key, parent_awaits, round, flow`,
    end.state,
    output,
    error,
    reason,
    fence,
    at,
    run,
  );
  const isCleanedUp = end.state === "failed" && end.isCleanedUp === true;
  const compensation = live.is_compensating === 1 && !isCleanedUp ? yield* compensationOf(context, run) : null;
  yield* db.run("delete from live where run = ?", run);
  if (live.slots !== slotState.none) yield* releaseSlots(context, run, true, at);
  if (live.is_touched === 1) {
    yield* db.run(
      end.state === "failed"
        ? "delete from waits where run = ? and kind <> 'timer'"
        : "delete from waits where run = ?",
      run,
    );
    yield* db.run("delete from shows where run = ?", run);
  }
  if (end.state === "failed") {
    yield* keepErrorText(context, run, end.error);
    // Requests for this round do not apply to the next one.
    yield* db.run(
      "update inbox set is_read = 1 where run = ? and is_read = 0 and kind in ('cancel', 'suspend', 'retry')",
      run,
    );
    if (end.reason?.code !== "compensated" && context.safeguards.keepsDeadLetters()) {
      yield* addDeadLetter(context, { run, fingerprint: end.fingerprint, step: end.step, compensation }, at);
    }
  }
  if (row === undefined) return;
  if (end.state === "cancelled") yield* giveBackPlace(context, live, row.flow, at);
  context.counters.move(row.definition, statusOf(live), end.state);
  context.counters.hour(row.definition, end.state, at, 1);
  context.hints.change(run, row.id, end.state);
  // Everyone keeps waiting, for the run that continues this one.
  if (end.state === "completed" && end.continuesAs !== undefined) return;
  if (live.chain !== null) yield* setChainEnd(context, live.chain, at);
  if (live.is_joined === 1) yield* tellJoined(context, { no: run, id: row.id, round: row.round }, at);
  if (row.parent !== null && row.parent_key !== null && row.parent_awaits === 1) {
    yield* deliver(
      context,
      { run: row.parent, kind: "child", ref: `${run}:${row.round}`, key: row.parent_key, body: null },
      at,
    );
  }
  if (end.state === "cancelled") yield* cancelChildren(context, live.chain ?? run, end.reason, at);
}

function* compensationOf(context: Context, run: number): Work<string | null> {
  return (
    (yield* context.db.get<{ compensation: string | null }>("select compensation from live where run = ?", run))
      ?.compensation ?? null
  );
}

/**
 * Cancels every child that has not ended and is not compensating, also those that earlier parts of a chain have
 * started, but not one that others have joined. `parent` is the chain's number, or that of a run without a chain. Idle children end here; held ones receive a
 * message.
 */
export function* cancelChildren(context: Context, parent: number, reason: Reason, at: number): Work<void> {
  if (!context.safeguards.cancelsChildren()) return;
  const children = yield* context.db.all<LiveRow & Record<string, unknown>>(
    `select ${liveColumns} from live where compensation is null and run in (${openChildren})
       and not exists (${othersOf("live.run")}) order by run${context.lock}`,
    parent,
    context.safeguards.chainOf(parent),
  );
  for (const child of children) yield* cancelLive(context, child, "parent", reason, at);
}

/** The children of a chain that have not ended. A run without a chain counts as one. */
export const openChildren = `select no from runs where parent = ? and ended is null
  union all select no from runs where parent_chain = ? and ended is null`;

/**
 * Cancels the children of a branch that was stopped, unless they have ended or are compensating. The parent no longer
 * hears from them, and a call with the same key starts another child.
 */
export function* stopChildren(context: Context, parent: number, keys: readonly string[], at: number): Work<void> {
  const { db } = context;
  const children: number[] = [];
  for (const key of keys) {
    const child = yield* db.get<{ no: number }>(
      "select no from runs where parent = ? and parent_key = ? and ended is null",
      parent,
      key,
    );
    if (child !== undefined) children.push(child.no);
  }
  const reason = { code: "by-person", by: "parent", why: "its branch was stopped" } as const;
  for (const no of children.toSorted((a, b) => a - b)) {
    const live = yield* liveRow(context, no);
    if (live === undefined) continue;
    if (yield* isShared(context, no, keys)) {
      yield* detachChild(context, no);
      continue;
    }
    yield* replaceChild(context, no);
    if (live.is_compensating === 0) yield* cancelLive(context, live, "parent", reason, at);
  }
}

/** Cancels a run on behalf of the engine. Ended and compensating runs are left alone. */
export function* cancelRun(
  context: Context,
  run: number,
  reason: Extract<Reason, { code: "by-person" }>,
  at: number,
): Work<void> {
  const live = yield* liveRow(context, run);
  if (live !== undefined && live.is_compensating === 0) yield* cancelLive(context, live, reason.by, reason, at);
}

function* cancelLive(context: Context, live: LiveRow, actor: string, reason: Reason, at: number): Work<void> {
  if (live.state !== state.leased) return yield* cancelIdle(context, live, reason, live.fence + 1, at);
  const body = JSON.stringify({ verb: "cancel", actor, why: reason.code === "by-person" ? reason.why : null });
  yield* deliver(context, { run: live.run, kind: "cancel", ref: `cancel:${live.fence}`, key: null, body }, at);
}

/** Ends a run that no worker holds as cancelled, after its cleanups if it has registered any. */
export function* cancelIdle(context: Context, live: LiveRow, reason: Reason, fence: number, at: number): Work<void> {
  if (yield* hasCleanups(context, live.run))
    return yield* beginCompensation(context, live.run, { end: "cancelled", reason, isCleanupOnly: true }, at);
  yield* endRun(context, live, { state: "cancelled", reason }, fence, at);
}

/** Those that no longer apply count too: only a replay of the code knows them. */
function* hasCleanups({ db, safeguards }: Context, run: number): Work<boolean> {
  if (!safeguards.keepsCleanups()) return false;
  const found = yield* db.get("select 1 as one from steps where run = ? and kind = ? limit 1", run, kindCode.cleanup);
  return found !== undefined;
}
