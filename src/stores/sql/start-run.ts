import type { StartRun } from "../../kernel/model/start-run.ts";
import type { StartOutcome } from "../../kernel/model/transition.ts";
import { admit, refusalOf, replaced } from "./admission.ts";
import { audit } from "./audit.ts";
import type { Context } from "./context.ts";
import { enqueueRun, type Family, insertRun, noFamily } from "./create-run.ts";
import { cancelRun } from "./end-run.ts";
import { addStarts } from "./joins.ts";
import { newRun } from "./new-run.ts";
import type { Work } from "./work.ts";

/** An admission of a start without flow control: now. */
const atOnce = { kind: "new", notBefore: null, throttledTo: null } as const;

/**
 * Starts a run in one transaction: it creates a run and its queue entry, or the start is merged into a run that exists
 * already, or it is refused. Whoever calls this must handle all three. A new run is leased at once if its worker has
 * capacity.
 */
export function* startRun(
  context: Context,
  start: StartRun,
  at: number,
  startEvent: number | null = null,
  family: Family = noFamily,
): Work<StartOutcome> {
  const known = start.idempotencyKey === null ? null : yield* runOfIdempotencyKey(context, start);
  if (known !== null) {
    if (known.inputHash !== start.inputHash) return { ok: false, why: "key-conflict", id: known.id };
    return joined(start, known, at);
  }
  const { flow } = start;
  // Admission must not count a repeated start twice.
  const repeated = flow === undefined ? null : yield* startedBefore(context, start, at);
  if (repeated !== null) return repeated;
  const refusal = flow === undefined ? null : yield* refusalOf(context, flow, at);
  if (refusal !== null) return refusal;
  const admission = flow === undefined ? atOnce : yield* admit(context, start, flow, at);
  if (admission.kind === "joined") {
    yield* addStarts(context, admission.run);
    yield* keepIdempotencyKey(context, start, admission, at);
    return joined(start, admission, at);
  }
  if (flow !== undefined) yield* endReplaced(context, flow, at);
  const floor = yield* context.scratch.lastEvent(context.db);
  const row = yield* insertRun(context, start, { floor, startEvent }, family, at);
  if (row === null) {
    const before = yield* startedBefore(context, start, at);
    if (before === null) throw new Error(`run ${start.id} exists and was not found`);
    return before;
  }
  const { no } = row;
  if (start.idempotencyKey !== null) yield* keepIdempotencyKey(context, start, { run: no, id: start.id }, at);
  if (start.audit !== undefined) yield* auditOrigin(context, start.audit, at);
  const isLeased = yield* enqueueRun(context, row, start, admission, at);
  return { ok: true, at, run: newRun(start, no, isLeased ? 1 : 0, at), isCreated: true, isLeased };
}

/** Why the start would be refused now, or null. Changes nothing. `but`: a run that is about to end. */
export function* startRefusal(
  context: Context,
  start: StartRun,
  at: number,
  but: number | null,
): Work<Extract<StartOutcome, { ok: false }> | null> {
  const known = yield* runOfIdempotencyKey(context, start);
  if (known !== null)
    return known.inputHash === start.inputHash ? null : { ok: false, why: "key-conflict", id: known.id };
  return start.flow === undefined ? null : yield* refusalOf(context, start.flow, at, but);
}

/** The start was merged into a run that exists already. */
function joined(start: StartRun, { run, id }: { run: number; id: string }, at: number): StartOutcome {
  return { ok: true, at, run: { ...newRun(start, run, 0, at), id }, isCreated: false, isLeased: false };
}

/** The run that the start's idempotency key has started, or null. */
function* runOfIdempotencyKey(
  { db }: Context,
  start: StartRun,
): Work<{ run: number; id: string; inputHash: string } | null> {
  if (start.idempotencyKey === null) return null;
  const row = yield* db.get<{ run_id: string; input_hash: string; run: number }>(
    "select run_id, input_hash, run from idempotency where definition = ? and key = ?",
    start.definition.name,
    start.idempotencyKey,
  );
  return row === undefined ? null : { run: row.run, id: row.run_id, inputHash: row.input_hash };
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

/** Ends the singleton run that the newest start replaces. */
function* endReplaced(context: Context, flow: NonNullable<StartRun["flow"]>, at: number): Work<void> {
  const run = yield* replaced(context, flow);
  if (run !== null)
    yield* cancelRun(context, run, { code: "by-person", by: "singleton", why: "replaced by a newer start" }, at);
}

/** Records an action that created a new run with the original run, if that still exists. */
function* auditOrigin(context: Context, asked: NonNullable<StartRun["audit"]>, at: number): Work<void> {
  const old = yield* context.db.get<{ no: number }>("select no from runs where id = ?", asked.runId);
  if (old !== undefined) yield* audit(context, old.no, asked.runId, asked, at);
}
