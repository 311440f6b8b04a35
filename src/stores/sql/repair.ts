import { fingerprintOf, rootOf } from "../../kernel/decide/failure.ts";
import type {
  CounterDrift,
  RepairCode,
  RepairOutcome,
  RepairTransition,
  ViolationCode,
} from "../../kernel/model/doctor.ts";
import type { ErrorRecord } from "../../kernel/model/errors.ts";
import { auditMany } from "./audit.ts";
import { state } from "./codes.ts";
import type { Context } from "./context.ts";
import { addDeadLetter, removeDeadLetter } from "./dead.ts";
import { deliver } from "./inbox.ts";
import { findViolation } from "./invariants.ts";
import { liveRow, remark, statusOf } from "./live-row.ts";
import { needsOf, recheckSlots, releaseSlots, slotState } from "./slots.ts";
import { setTimer } from "./timers.ts";
import { filterWork, type Work } from "./work.ts";

type Fix = (context: Context, run: number, at: number) => Work<void>;

/**
 * The fix for each invariant violation of a run. Each leaves the run in a state from which a worker can continue it.
 */
const fixes: Readonly<
  Record<Exclude<RepairCode, "recount" | "set-timers" | "hand-out-slots">, Partial<Record<ViolationCode, Fix>>>
> = {
  requeue: {
    "not-queued": enqueue,
    "queued-at-rest": function* ({ db }, run) {
      yield* db.run("delete from live where run = ?", run);
    },
    "ready-without-time": function* ({ db }, run, at) {
      yield* db.run("update live set ready_at = ? where run = ?", at, run);
    },
    "held-and-idle": function* ({ db }, run) {
      yield* db.run("update live set holder = null where run = ?", run);
    },
  },
  "free-leases": { "leased-by-nobody": makeReady, "works-without-slot": makeReady },
  "take-slots-back": {
    "slot-of-idle": function* (context, run, at) {
      return yield* releaseSlots(context, run, (yield* liveRow(context, run))?.state !== state.parked, at);
    },
    "in-line-and-working": function* ({ db }, run) {
      yield* db.run("delete from slot_waiters where run = ?", run);
    },
  },
  "wake-parked": {
    "nothing-wakes-it": makeReady,
    "wakes-too-late": function* ({ db }, run) {
      yield* db.run(
        "update live set ready_at = (select min(due_at) from waits where run = live.run) where run = ?",
        run,
      );
    },
    "call-untold": tellAgain,
    "parked-over-unread": function* ({ db }, run, at) {
      yield* db.run("update live set ready_at = ? where run = ?", at, run);
    },
  },
  "mend-dead-letters": {
    "failed-and-forgotten": rememberFailure,
    "dead-letter-of-none": function* (context, run) {
      yield* removeDeadLetter(context, run);
    },
  },
};

/** Delivers the end of each run that the run waits for and that has ended. */
function* tellAgain(context: Context, run: number, at: number): Work<void> {
  const ended = yield* context.db.all<{ key: string; no: number; round: number }>(
    `select w.key, c.no, c.round from waits w join runs c on c.id = w.name
     where w.run = ? and w.kind = 'child' and c.ended is not null`,
    run,
  );
  for (const { key, no, round } of ended)
    yield* deliver(context, { run, kind: "child", ref: `${no}:${round}:${key}:again:${at}`, key, body: null }, at);
}

/** Carries out one repair on what is still wrong, and only once per ID. */
export function* repairStore(context: Context, act: RepairTransition, at: number): Work<RepairOutcome> {
  const { db } = context;
  const { changes } = yield* db.run("insert into mends (id, at) values (?, ?) on conflict do nothing", act.id, at);
  if (changes === 0) return { ok: true, at, mended: 0 };
  const mended = yield* carryOut(context, act, at);
  yield* auditMany(context, act.audit, { repair: act.repair, mended }, at);
  context.hints.ready = true;
  return { ok: true, at, mended };
}

function* carryOut(context: Context, act: RepairTransition, at: number): Work<number> {
  switch (act.repair) {
    case "recount":
      return recount(context, act.drifts);
    case "set-timers":
      return (yield* filterWork(act.targets, function* (id) {
        return yield* setScheduleTimer(context, id, at);
      })).length;
    case "hand-out-slots":
      yield* recheckSlots(context, act.targets.length, at);
      return act.targets.length;
    default: {
      const ofRepair = Object.entries(fixes[act.repair]) as [ViolationCode, Fix][];
      return (yield* filterWork(act.targets, function* (id) {
        // A fix may make the next one necessary, so all of them are checked.
        const fixed = yield* filterWork(ofRepair, function* ([code, fix]) {
          const run = yield* findViolation(context, code, id);
          if (run === null) return false;
          yield* fix(context, run, at);
          yield* remark(context, run, "repaired", JSON.stringify({ code }), at);
          return true;
        });
        return fixed.length > 0;
      })).length;
    }
  }
}

/** Deltas can be added at any time: concurrent changes of runs affect counters and rows equally. */
function recount({ counters }: Context, drifts: readonly CounterDrift[]): number {
  for (const drift of drifts) counters.correct(drift);
  return drifts.length;
}

function* setScheduleTimer(context: Context, id: string, at: number): Work<boolean> {
  const row = yield* context.db.get<{ no: number }>(
    "select no from schedules where definition || '/' || name = ? and is_removed = 0",
    id,
  );
  if (row === undefined) return false;
  yield* setTimer(context, "schedule", row.no, at);
  return true;
}

/** Adds the run to the end of the queue under a new fence, so that a previous holder loses it. */
function* enqueue({ db }: Context, run: number, at: number): Work<void> {
  const row = yield* db.get<{ definition: number; flow: string | null }>(
    "select definition, flow from runs where no = ?",
    run,
  );
  if (row === undefined) return;
  yield* db.run(
    `insert into live (run, definition, state, ready_at, fence, is_touched, slots) values (?, ?, ${state.ready}, ?, ?, 1, ?)`,
    run,
    row.definition,
    at,
    // The old fence was lost with the row. The time in seconds is higher than the number of times that any run was
    // leased.
    Math.floor(at / 1_000),
    needsOf(row.flow).length === 0 ? slotState.none : slotState.wanting,
  );
}

function* makeReady(context: Context, run: number, at: number): Work<void> {
  const live = yield* liveRow(context, run);
  if (live === undefined) return;
  yield* context.db.run(
    `update live set state = ${state.ready}, holder = null, ready_at = ?, fence = fence + 1, is_lost = 1 where run = ?`,
    at,
    run,
  );
  context.counters.move(live.definition, statusOf(live), statusOf({ ...live, state: state.ready }));
}

function* rememberFailure(context: Context, run: number, at: number): Work<void> {
  const row = yield* context.db.get<{ definition: number; error: string | null }>(
    "select definition, error from runs where no = ?",
    run,
  );
  const text = yield* context.payloads.whole(run, "error", row?.error ?? null);
  const error = JSON.parse(text ?? '{"name":"Error","message":"unknown"}') as ErrorRecord;
  const step = error.step ?? null;
  const name = row === undefined ? "" : (yield* context.definitions.ref(row.definition)).name;
  yield* addDeadLetter(
    context,
    { run, fingerprint: fingerprintOf(name, step, rootOf(error)), step, compensation: null },
    at,
  );
}
