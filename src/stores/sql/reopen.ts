import type { RunFlow } from "../../kernel/model/flow.ts";
import type { RestStatus } from "../../kernel/model/status.ts";
import type { Idle } from "../../kernel/model/transition.ts";
import { rememberAgain } from "./admission.ts";
import { setChainEnd } from "./chains.ts";
import { kindCode, state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { forgetErrorText, removeDeadLetter } from "./dead.ts";
import { cancelRun } from "./end-run.ts";
import { isShared, withdrawEnd } from "./joins.ts";
import { liveRow, statusOf } from "./live-row.ts";
import { detachChild, replaceChild } from "./replace-child.ts";
import { needsOf, slotState } from "./slots.ts";
import type { Work } from "./work.ts";

/** Resumes a failed or suspended run in a new round, with a higher fence. */
export function* reopenRun(
  context: Context,
  run: number,
  idle: Extract<Idle, { to: "ready" }>,
  at: number,
): Work<void> {
  const { db } = context;
  const row = yield* db.get<{ id: string; round: number }>("select id, round from runs where no = ?", run);
  if (row === undefined) return;
  const live = yield* liveRow(context, run);
  if (live === undefined) {
    const rest = yield* openAgain(context, run);
    if (rest === undefined) return;
    // If an undo had failed, resuming the run continues its compensation.
    const requested = idle.compensation === undefined ? null : JSON.stringify(idle.compensation);
    const compensation = rest.compensation ?? requested;
    yield* db.run(
      `insert into live (run, definition, state, ready_at, fence, is_touched, compensation, slots, deadline_at, chain, is_joined)
       values (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)`,
      run,
      rest.definition,
      state.ready,
      at,
      rest.fence + 1,
      compensation,
      compensation === null ? wantsSlots(rest.flow) : slotState.none,
      compensation === null ? newDeadline(rest.flow, at) : null,
      rest.chain,
      rest.is_joined,
    );
    if (compensation === null) yield* rememberAgain(context, run, at);
    context.counters.move(rest.definition, rest.ended, compensation === null ? "pending" : "compensating");
  } else {
    const notBefore = yield* startTimeOf(context, run, at);
    yield* startClocks(context, run, at);
    yield* db.run("delete from slot_waiters where run = ?", run);
    yield* db.run("update runs set round = round + 1 where no = ?", run);
    yield* db.run(
      "update live set state = ?, ready_at = ?, fence = fence + 1, reason = null, unclean = 0, is_lost = 0 where run = ?",
      state.ready,
      Math.max(at, notBefore),
      run,
    );
    context.counters.move(live.definition, statusOf(live), statusOfState(state.ready, live.is_compensating === 1));
  }
  if (idle.input !== undefined)
    yield* db.run(
      "update runs set input = ? where no = ?",
      yield* context.payloads.keep(run, "input", idle.input),
      run,
    );
  if (idle.reopening !== null) {
    const seq =
      ((yield* db.get<{ n: number | null }>("select max(seq) as n from steps where run = ?", run))?.n ?? 0) + 1;
    yield* db.run(
      "insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at) values (?, ?, '', ?, 0, ?, null, 0, 0, ?)",
      run,
      seq,
      kindCode.reopen,
      yield* context.payloads.keep(run, `step:${seq}`, JSON.stringify(idle.reopening)),
      at,
    );
    // A restart repeats what came after its step, with new children.
    if (idle.reopening.voidFrom !== undefined)
      for (const key of idle.reopening.keys) yield* giveUpChild(context, run, key, at);
    for (const key of idle.reopening.keys) yield* db.run("delete from waits where run = ? and key = ?", run, key);
  }
  context.hints.ready = true;
  context.hints.change(run, row.id, "pending");
}

/** The child of a repeated call or start is cancelled if it has not ended, and another one takes its key. */
function* giveUpChild(context: Context, parent: number, key: string, at: number): Work<void> {
  const child = yield* context.db.get<{ no: number; ended: string | null }>(
    "select no, ended from runs where parent = ? and parent_key = ?",
    parent,
    key,
  );
  if (child === undefined) return;
  const reason = { code: "by-person", by: "parent", why: "its parent was restarted before it" } as const;
  const others = yield* isShared(context, child.no, "all");
  // Before its end: the call no longer waits for it.
  yield* others ? detachChild(context, child.no) : replaceChild(context, child.no);
  if (child.ended === null && !others) yield* cancelRun(context, child.no, reason, at);
}

/** Reopens an ended run in a new round. */
export function* openAgain(
  context: Context,
  run: number,
): Work<
  | {
      definition: number;
      ended: RestStatus;
      fence: number;
      flow: string | null;
      compensation: string | null;
      chain: number | null;
      is_joined: number;
    }
  | undefined
> {
  const { db } = context;
  const row = yield* db.get<{
    definition: number;
    ended: RestStatus;
    fence: number;
    flow: string | null;
    compensation: string | null;
    chain: number | null;
    is_joined: number;
    ended_at: number;
  }>(
    "select r.definition, r.ended, r.ended_at, r.fence, r.flow, r.chain, d.compensation, case when exists (select 1 from joins j where j.run = r.no) then 1 else 0 end as is_joined from runs r left join dead d on d.run = r.no where r.no = ?",
    run,
  );
  if (row === undefined) return undefined;
  if (row.chain !== null) yield* setChainEnd(context, row.chain, null);
  yield* withdrawEnd(context, run);
  yield* db.run(
    "update runs set ended = null, ended_at = null, error = null, reason = null, output = null, round = round + 1 where no = ?",
    run,
  );
  yield* removeDeadLetter(context, run);
  if (row.ended === "failed") yield* forgetErrorText(context, run);
  context.counters.hour(row.definition, row.ended, row.ended_at, -1);
  for (const slot of ["error", "output"]) yield* context.payloads.drop(run, slot);
  return row;
}

/** When a suspended delayed run may start. The time is moved by the duration for which its clocks were stopped. */
function* startTimeOf({ db }: Context, run: number, at: number): Work<number> {
  const row = yield* db.get<{ flow: string | null; stopped: number | null }>(
    "select r.flow, l.clocks_stopped_at as stopped from runs r join live l on l.run = r.no where r.no = ?",
    run,
  );
  const { notBefore } = row?.flow == null ? {} : (JSON.parse(row.flow) as RunFlow);
  return notBefore === undefined ? at : notBefore + (row?.stopped == null ? 0 : at - row.stopped);
}

/** Moves timers that were paused during a suspension by its duration. */
function* startClocks(context: Context, run: number, at: number): Work<void> {
  const { db } = context;
  const stopped = (yield* db.get<{ at: number | null }>("select clocks_stopped_at as at from live where run = ?", run))
    ?.at;
  if (stopped == null) return;
  yield* db.run("update waits set due_at = due_at + ? where run = ? and due_at is not null", at - stopped, run);
  yield* db.run("update live set deadline_at = deadline_at + ? where run = ?", at - stopped, run);
  yield* db.run("update live set clocks_stopped_at = null where run = ?", run);
}

function wantsSlots(flow: string | null): number {
  return needsOf(flow).length === 0 ? slotState.none : slotState.wanting;
}

/** A resumed run gets its full time limit again. */
function newDeadline(flow: string | null, at: number): number | null {
  const deadlineMs = flow === null ? undefined : (JSON.parse(flow) as RunFlow).deadlineMs;
  return deadlineMs === undefined ? null : at + deadlineMs;
}
