import { cycleRecord, refusalRecord, removedRecord } from "../../kernel/decide/refusal.ts";
import type { ErrorRecord } from "../../kernel/model/errors.ts";
import type { Reopening } from "../../kernel/model/journal.ts";
import type { Reason } from "../../kernel/model/reason.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { DivertedStart } from "../../kernel/model/transition.ts";
import { reopenRefusal } from "./admission.ts";
import { livingPart } from "./chains.ts";
import { kindCode } from "./codes.ts";
import type { Context } from "./context.ts";
import { deliverEnd, joinRun } from "./joins.ts";
import type { LiveRow } from "./live-row.ts";
import { reopenRun } from "./reopen.ts";
import { replaceChild } from "./replace-child.ts";
import { startRun } from "./start-run.ts";
import { closeWait } from "./waits.ts";
import type { Work } from "./work.ts";

/** A start that the code of a run has requested. */
export type ChildStart = StartRun & { readonly parent: NonNullable<StartRun["parent"]> };

/**
 * Starts a child of a run, or finds the one that an earlier try has started. Returns null if the child is the run that
 * the start names or an own child; otherwise what became of the start. A call waits for the run that works: if the
 * start was merged into a run that is not a child, its end is delivered here too.
 */
export function* startChild(
  context: Context,
  start: ChildStart,
  parent: LiveRow,
  at: number,
): Work<DivertedStart | null> {
  const { no, key, isAwaited } = start.parent;
  const own = yield* ownChild(context, start);
  if (own !== null) {
    const refusal = own.ended === "failed" ? yield* reopenRefusal(context, own.no) : null;
    if (refusal !== null) return yield* refuse(context, start, refusalRecord(start, refusal));
    yield* rejoinChild(context, own.no, no, key, at);
    return null;
  }
  const outcome = yield* startRun(context, start, at, null, { chain: null, parentChain: parent.chain });
  if (!outcome.ok) return yield* refuse(context, start, refusalRecord(start, outcome));
  if (outcome.isCreated) return null;
  const { no: run, id } = outcome.run;
  if (!isAwaited) return { key, run: id };
  if (yield* waitsFor(context, run, no)) return yield* refuse(context, start, cycleRecord(start, id));
  if (!(yield* joinRun(context, { waiter: no, key, run }, at)))
    return yield* refuse(context, start, removedRecord(start, id));
  return { key, run: id };
}

/** Whether `target` is the waiter itself or one of its parents: both would wait forever. */
function* waitsFor(context: Context, target: number, waiter: number): Work<boolean> {
  const end = yield* livingPart(context, target);
  for (let run: number | null = waiter; run !== null; ) {
    if (run === end) return true;
    run =
      (yield* context.db.get<{ parent: number | null }>(
        "select parent from runs where no = ? and parent_awaits = 1",
        run,
      ))?.parent ?? null;
  }
  return false;
}

/** A call that is refused has nothing to wait for. */
function* refuse(context: Context, { parent }: ChildStart, error: ErrorRecord): Work<DivertedStart> {
  if (parent.isAwaited) yield* closeWait(context, parent.no, parent.key);
  return { key: parent.key, error };
}

interface OwnChild {
  readonly no: number;
  readonly id: string;
  readonly ended: string | null;
  readonly reason: string | null;
}

/**
 * The child that has this key. A cancelled or compensated child is final: if its parent is resumed past it, the parent
 * gets a new child in its place.
 */
function* ownChild(context: Context, start: ChildStart): Work<OwnChild | null> {
  const child = yield* context.db.get<OwnChild & Record<string, unknown>>(
    "select no, id, ended, reason from runs where parent = ? and parent_key = ?",
    start.parent.no,
    start.parent.key,
  );
  if (child === undefined) return null;
  if (child.id === start.id || !(yield* isFinal(context, child))) return child;
  yield* replaceChild(context, child.no);
  return null;
}

/** Whether a child cannot be continued. */
function* isFinal(context: Context, child: { no: number; ended: string | null; reason: string | null }): Work<boolean> {
  if (child.ended === "cancelled") return true;
  if (child.ended !== "failed" || child.reason === null) return false;
  const { code } = JSON.parse(child.reason) as Reason;
  return code === "compensated" || (code === "dismissed" && (yield* hasUndos(context, child.no)));
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
  yield* deliverEnd(context, { waiter: parent, key, run: child }, row.round, at);
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
