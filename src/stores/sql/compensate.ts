import type { Compensation } from "../../kernel/model/run.ts";
import { state } from "./codes.ts";
import type { Context } from "./context.ts";
import { cancelChildren } from "./end-run.ts";
import { liveRow, remark, statusOf } from "./live-row.ts";
import { openAgain } from "./reopen.ts";
import { releaseSlots, slotState } from "./slots.ts";
import type { Work } from "./work.ts";

/**
 * Starts the compensation of a run. Its children are cancelled first and its waits are dropped. The run is leased
 * again, under a new fence.
 */
export function* beginCompensation(context: Context, run: number, compensation: Compensation, at: number): Work<void> {
  const { db } = context;
  const live = yield* liveRow(context, run);
  const lost = (yield* db.get<{ is_lost: number }>("select is_lost from live where run = ?", run))?.is_lost === 1;
  const text = JSON.stringify(lost ? { ...compensation, isFrontierUnknown: true } : compensation);
  if (live === undefined) {
    const row = yield* openAgain(context, run);
    if (row === undefined) return;
    yield* db.run(
      "insert into live (run, definition, state, ready_at, fence, is_touched, compensation, chain, is_joined) values (?, ?, ?, ?, ?, 1, ?, ?, ?)",
      run,
      row.definition,
      state.ready,
      at,
      row.fence + 1,
      text,
      row.chain,
      row.is_joined,
    );
    context.counters.move(row.definition, row.ended, "compensating");
  } else {
    // Compensation has no deadline and needs no slots: it must finish, even if other runs hold the slots.
    if (live.slots !== slotState.none) yield* releaseSlots(context, run, true, at);
    yield* db.run(
      `update live set state = ?, ready_at = ?, holder = null, fence = fence + ?, reason = null, unclean = 0, is_lost = 0,
         clocks_stopped_at = null, deadline_at = null, slots = ${slotState.none}, compensation = ? where run = ?`,
      state.ready,
      at,
      live.state === state.leased ? 0 : 1,
      text,
      run,
    );
    context.counters.move(live.definition, statusOf(live), "compensating");
  }
  yield* db.run("delete from shows where run = ?", run);
  const chain = (yield* db.get<{ chain: number | null }>("select chain from live where run = ?", run))?.chain ?? run;
  if (compensation.isCleanupOnly === true && compensation.end === "failed") yield* keepForResume(context, run);
  else {
    yield* db.run("delete from waits where run = ?", run);
    yield* db.run("update inbox set is_read = 1 where run = ? and is_read = 0", run);
    yield* cancelChildren(
      context,
      chain,
      compensation.end === "cancelled" ? compensation.reason : { code: "by-person", by: "compensation", why: null },
      at,
    );
  }
  yield* remark(context, run, "compensating", text, at);
  context.hints.ready = true;
  context.hints.change(run, null, "compensating");
}

/** A run that fails and is only cleaned up can be resumed: its timers, children and events stay, as for any failed run. */
function* keepForResume({ db }: Context, run: number): Work<void> {
  yield* db.run("delete from waits where run = ? and kind <> 'timer'", run);
  yield* db.run(
    "update inbox set is_read = 1 where run = ? and is_read = 0 and kind in ('cancel', 'suspend', 'retry')",
    run,
  );
}
