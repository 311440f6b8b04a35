import { suspectFrom, unexplainedWindowMs } from "../../kernel/decide/crash.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import { defaultQueue } from "../../kernel/model/start-run.ts";
import type { LeaseParams, Leasing, WorkerAbout } from "../../kernel/ports/store.ts";
import { routing, state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { needsOf, setLimits, slotState, standInLine, takeSlots } from "./slots.ts";
import { listOf, type Work } from "./work.ts";

/**
 * The lease of a worker is in the worker's own row and is renewed once for all its runs. A run names its holder and a
 * fence that rises with each lease. When the row expires, the worker counts as dead and all its runs are ready again.
 */
export function* join(
  context: Context,
  name: string,
  leaseMs: number,
  about: WorkerAbout | null,
): Work<{ incarnation: number; now: number }> {
  const at = yield* context.clock.save();
  const row = yield* context.db.get<{ incarnation: number }>(
    `insert into workers (name, started_at, expires_at, seen_at, version, slots, queues)
     values (?1, ?2, ?3, ?2, ?4, ?5, ?6) returning incarnation`,
    name,
    at,
    at + leaseMs,
    about?.version ?? null,
    about?.slots ?? null,
    about?.queues == null ? null : JSON.stringify(about.queues),
  );
  // Runs that no worker could serve become ready again, since the new worker may serve them.
  yield* context.db.run(
    `update live set ready_at = ?, reason = null where state = ${state.ready} and reason is not null`,
    at,
  );
  return { incarnation: row?.incarnation ?? 0, now: at };
}

export function* beat(
  context: Context,
  incarnation: number,
  leaseMs: number,
): Work<{ isAlive: boolean; now: number; arrivals: readonly number[] }> {
  const at = yield* context.clock.save();
  const { changes } = yield* context.db.run(
    "update workers set expires_at = ?1, seen_at = ?3 where incarnation = ?2 and is_dead = 0 and expires_at > ?3",
    at + leaseMs,
    incarnation,
    at,
  );
  const arrivals = yield* context.db.all<{ run: number }>(
    "select distinct i.run from inbox i join live l on l.run = i.run where i.is_read = 0 and l.holder = ?",
    incarnation,
  );
  return { isAlive: changes > 0, now: at, arrivals: arrivals.map((row) => row.run) };
}

/** Removes a worker that stops. Runs that it still holds are ready at once, without a counted crash. */
export function* leave(context: Context, incarnation: number): Work<void> {
  const at = yield* context.clock.save();
  yield* moveHeld(context, incarnation);
  yield* context.db.run(
    `update live set state = ${state.ready}, holder = null, ready_at = ?, fence = fence + 1, unclean = 0, is_lost = 1 where holder = ?`,
    at,
    incarnation,
  );
  yield* takeTriesBack(context, incarnation);
  yield* context.db.run("update workers set is_dead = 1 where incarnation = ?", incarnation);
  context.hints.ready = true;
}

/** Tries of a worker that stops are taken back: they did not end by themselves. */
function* takeTriesBack(context: Context, worker: number): Work<void> {
  const { changes } = yield* context.db.run(
    `update events set tries = case when tries > 0 then tries - 1 else 0 end, tried_by = null
     where is_routed = ${routing.waiting} and tried_by = ?`,
    worker,
  );
  if (changes > 0) context.hints.unrouted = true;
}

/** Frees the runs of workers whose lease has expired, by the store's clock alone. */
export function* rescue(context: Context, at: number): Work<void> {
  for (const { incarnation, expires_at } of yield* context.db.all<{ incarnation: number; expires_at: number }>(
    "select incarnation, expires_at from workers where is_dead = 0",
  )) {
    if (context.safeguards.isExpired(expires_at, at) && (yield* isLost(context, incarnation, at)))
      yield* markDead(context, incarnation, at);
  }
}

/**
 * Checks again under a row lock, while no one else can renew the lease or mark the worker dead: the worker may have
 * renewed it first.
 */
function* isLost({ db, lock, safeguards }: Context, incarnation: number, at: number): Work<boolean> {
  if (lock === "") return true;
  const worker = yield* db.get<{ expires_at: number }>(
    "select expires_at from workers where incarnation = ? and is_dead = 0 for update",
    incarnation,
  );
  return worker !== undefined && safeguards.isExpired(worker.expires_at, at);
}

/** Marks a worker dead. Its runs that have committed nothing since they were leased get one more crashed lease. */
export function* markDead(context: Context, incarnation: number, at: number): Work<void> {
  const { db } = context;
  yield* moveHeld(context, incarnation);
  const isExplained =
    (yield* db.get(`select 1 from live where holder = ? and unclean >= ${suspectFrom} limit 1`, incarnation)) !==
    undefined;
  yield* db.run(
    `insert into history (run, kind, detail, at) select run, 'rescued', '{"fence":' || fence || '}', cast(? as bigint) from live where holder = ?`,
    at,
    incarnation,
  );
  yield* db.run(
    `update live set state = ${state.ready}, holder = null, ready_at = ?, fence = fence + 1, is_lost = 1,
       unclean = case when exists (select 1 from steps s where s.run = live.run and s.seq > live.lease_seq)
         or exists (select 1 from attempts a where a.run = live.run and a.fence = live.fence and a.outcome <> 'lost') then 0 else unclean + 1 end where holder = ?`,
    at,
    incarnation,
  );
  yield* db.run(
    "update workers set is_dead = 1, died_at = ?, is_explained = ? where incarnation = ?",
    at,
    isExplained ? 1 : 0,
    incarnation,
  );
  context.hints.ready = true;
}

function* moveHeld(context: Context, incarnation: number): Work<void> {
  // Runs counted here must still be held when they are freed.
  if (context.lock !== "")
    yield* context.db.all(`select run from live where holder = ? order by run${context.lock}`, incarnation);
  const held = yield* context.db.all<{ definition: number; n: number }>(
    "select definition, count(*) as n from live where holder = ? and compensation is null group by definition",
    incarnation,
  );
  for (const row of held) context.counters.move(row.definition, "running", "pending", row.n);
}

interface ReadyRow {
  run: number;
  state: number;
  fence: number;
  unclean: number;
  is_lost: number;
  compensation: string | null;
  slots: number;
  deadline_at: number | null;
  ready_at: number;
  id: string;
  definition: number;
  input: string | null;
  key: string | null;
  round: number;
  created_at: number;
}

const readyColumns =
  "l.run, l.state, l.fence, l.unclean, l.is_lost, l.compensation, l.slots, l.deadline_at, l.ready_at, r.id, l.definition, r.input, r.key, r.round, r.created_at";

/**
 * Runs that became ready within this time are leased from a separate range: a hundred thousand timers due at once must
 * not delay new starts.
 */
const freshMs = 1_000;

export function* lease(context: Context, params: LeaseParams): Work<Leasing> {
  const { db } = context;
  const at = context.clock.now();
  yield* rescue(context, at);
  const me = yield* db.get<{ is_dead: number; expires_at: number; queues: string | null }>(
    "select is_dead, expires_at, queues from workers where incarnation = ?",
    params.incarnation,
  );
  if (me === undefined || me.is_dead === 1 || me.expires_at <= at)
    return { runs: [], nextReadyAt: null, now: at, deathAllowance: 0 };
  if (params.holds !== null) yield* freeUnknown(context, params.incarnation, params.holds, at);
  const served = yield* servedBy(context, me.queues);
  const rows = yield* readyRows(context, params.limit, at, served);
  if (!params.hasSuspect && rows.length < params.limit) rows.push(...(yield* suspectRows(context, at, served)));
  const runs = yield* takeRows(context, rows, params.incarnation, at);
  const next =
    (yield* db.get<{ at: number | null }>(
      "select min(ready_at) as at from live where ready_at is not null and ready_at > ?",
      at,
    ))?.at ?? null;
  const isFull = rows.length >= params.limit;
  const deathAllowance = rows.some((row) => row.unclean >= suspectFrom) ? yield* allowance(context, at) : 0;
  return { runs, nextReadyAt: isFull ? at : next, now: at, deathAllowance };
}

/**
 * Leases what a batched lease skips: runs that need slots, and a crash suspect. Used only by stores that lease in
 * batches. The worker is known to be alive.
 */
export function* leaseOthers(
  context: Context,
  params: Pick<LeaseParams, "incarnation" | "limit" | "hasSuspect">,
): Work<Pick<Leasing, "runs" | "deathAllowance">> {
  const at = context.clock.now();
  const me = yield* context.db.get<{ queues: string | null }>(
    "select queues from workers where incarnation = ?",
    params.incarnation,
  );
  const served = yield* servedBy(context, me?.queues ?? null);
  const rows = yield* context.db.all<ReadyRow>(
    `select ${readyColumns} from live l join runs r on r.no = l.run
     where l.ready_at <= ? and l.slots = ${slotState.wanting} and l.unclean < ${context.safeguards.suspectFrom()}${served}
     order by l.ready_at, l.run limit ?${context.lock} of l`,
    at,
    params.limit,
  );
  if (!params.hasSuspect && rows.length < params.limit) rows.push(...(yield* suspectRows(context, at, served)));
  const runs = yield* takeRows(context, rows, params.incarnation, at);
  return { runs, deathAllowance: yield* allowance(context, at) };
}

/** The SQL condition for definitions whose queue the worker serves; empty if it serves all. */
function* servedBy({ db }: Context, queues: string | null): Work<string> {
  if (queues === null) return "";
  const names: readonly string[] = JSON.parse(queues);
  const rows = yield* db.all<{ no: number; queue: string | null }>("select no, queue from definitions");
  const numbers = rows.filter((row) => names.includes(row.queue ?? defaultQueue)).map((row) => row.no);
  return ` and l.definition in (${listOf(numbers)})`;
}

function* suspectRows(context: Context, at: number, served: string): Work<ReadyRow[]> {
  return yield* context.db.all<ReadyRow>(
    `select ${readyColumns} from live l join runs r on r.no = l.run
     where l.unclean >= ${context.safeguards.suspectFrom()} and l.ready_at is not null and l.ready_at <= ?${served}
     order by l.unclean, l.ready_at limit 1${context.lock === "" ? "" : `${context.lock} of l`}`,
    at,
  );
}

function* takeRows(
  context: Context,
  rows: readonly ReadyRow[],
  incarnation: number,
  at: number,
): Work<readonly LeasedRun[]> {
  const runs: LeasedRun[] = [];
  for (const row of rows) {
    if (row.slots !== slotState.wanting || (yield* hasSlots(context, row, at)))
      runs.push(yield* take(context, row, incarnation));
  }
  return runs;
}

function* allowance(context: Context, at: number): Work<number> {
  const unexplained = yield* context.db.get<{ n: number }>(
    "select count(*) as n from workers where is_explained = 0 and died_at > ?",
    at - unexplainedWindowMs,
  );
  return context.safeguards.allowance(unexplained?.n ?? 0);
}

/** Frees runs leased by a call whose response was lost: their worker does not know them and would hold them forever. */
export function* freeUnknown(
  context: Context,
  incarnation: number,
  holds: NonNullable<LeaseParams["holds"]>,
  at: number,
): Work<void> {
  const known = new Map(holds.map(({ run, fence }) => [run, fence]));
  const rows = yield* context.db.all<{ run: number; fence: number; definition: number; is_compensating: number }>(
    `select run, fence, definition, compensation is not null as is_compensating from live where holder = ? order by run${context.lock}`,
    incarnation,
  );
  for (const row of rows) {
    if (known.get(row.run) === row.fence) continue;
    yield* context.db.run(
      `update live set state = ${state.ready}, holder = null, ready_at = ?, fence = fence + 1 where run = ?`,
      at,
      row.run,
    );
    if (row.is_compensating === 0) context.counters.move(row.definition, "running", "pending");
  }
}

function* readyRows(context: Context, limit: number, at: number, served: string): Work<ReadyRow[]> {
  const lane = `select ${readyColumns} from live l join runs r on r.no = l.run
    where l.ready_at is not null and l.ready_at > ? and l.ready_at <= ? and l.unclean < ${context.safeguards.suspectFrom()}${served} order by l.ready_at, l.run limit ?`;
  const half = Math.ceil(limit / 2);
  const overdue = yield* context.db.all<ReadyRow>(lane, Number.MIN_SAFE_INTEGER, at - freshMs, limit);
  if (overdue.length === 0) return yield* context.db.all<ReadyRow>(lane, at - freshMs, at, limit);
  const fresh = yield* context.db.all<ReadyRow>(lane, at - freshMs, at, Math.max(half, limit - overdue.length));
  return [...overdue.slice(0, limit - fresh.length), ...fresh].slice(0, limit);
}

/**
 * Whether the run has its slots. Otherwise it is queued for a slot. A run past its deadline needs none: it only ends.
 */
function* hasSlots(context: Context, row: ReadyRow, at: number): Work<boolean> {
  const { db } = context;
  if (row.deadline_at !== null && row.deadline_at <= at) {
    yield* db.run("delete from slot_waiters where run = ?", row.run);
    return true;
  }
  const flow = (yield* db.get<{ flow: string | null }>("select flow from runs where no = ?", row.run))?.flow ?? null;
  const needs = needsOf(flow);
  if (row.fence === 0) yield* setLimits(context, needs, at);
  const full = yield* takeSlots(context, row.run, row.fence + 1, needs, at);
  if (full === null) {
    yield* db.run("delete from slot_waiters where run = ?", row.run);
    yield* db.run("update live set slots = ? where run = ?", slotState.holding, row.run);
    return true;
  }
  yield* standInLine(context, row.run, full, { rank: row.ready_at, readyAt: null }, at);
  yield* db.run("update live set state = ?, ready_at = deadline_at where run = ?", state.parked, row.run);
  const isCompensating = row.compensation !== null;
  context.counters.move(
    row.definition,
    statusOfState(row.state, isCompensating),
    statusOfState(state.parked, isCompensating),
  );
  return false;
}

function* take(context: Context, row: ReadyRow, incarnation: number): Work<LeasedRun> {
  const isFresh = row.fence === 0;
  yield* context.db.run(
    `update live set state = ${state.leased}, holder = ?, fence = fence + 1, ready_at = null, is_lost = 0, reason = null${
      isFresh ? "" : ", lease_seq = (select coalesce(max(seq), 0) from steps where steps.run = live.run)"
    } where run = ?`,
    incarnation,
    row.run,
  );
  const isCompensating = row.compensation !== null;
  const status = statusOfState(state.leased, isCompensating);
  context.counters.move(row.definition, statusOfState(row.state, isCompensating), status);
  context.hints.change(row.run, row.id, status);
  return {
    no: row.run,
    id: row.id,
    fence: row.fence + 1,
    round: row.round,
    definition: yield* context.definitions.ref(row.definition),
    input: yield* context.payloads.whole(row.run, "input", row.input),
    key: row.key,
    createdAt: row.created_at,
    isFresh,
    isUnclean: row.is_lost === 1,
    uncleanCount: row.unclean,
    deadlineAt: row.deadline_at,
    compensation: row.compensation === null ? null : JSON.parse(row.compensation),
  };
}
