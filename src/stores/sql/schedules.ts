import { refusalText } from "../../kernel/decide/refusal.ts";
import { decidedFrom, decideOverlap, dueOf, nextDue, passedGap } from "../../kernel/decide/schedule.ts";
import type { Audit } from "../../kernel/model/audit.ts";
import type { Reason } from "../../kernel/model/reason.ts";
import { type Firing, type FiringGap, type ScheduleSpec, scheduleId } from "../../kernel/model/schedule.ts";
import type {
  BackfillSchedule,
  FireScheduleTransition,
  PauseSchedule,
  PlannedFiring,
  PutSchedules,
  RunScheduleNow,
  ScheduleOutcome,
  ScheduleTransition,
} from "../../kernel/model/schedule-acts.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { StartRefusal } from "../../kernel/model/transition.ts";
import { unreachable } from "../../stdx/assert.ts";
import { canonical } from "../../stdx/json.ts";
import { livingPart } from "./chains.ts";
import type { Context } from "./context.ts";
import { cancelRun } from "./end-run.ts";
import { startRefusal, startRun } from "./start-run.ts";
import { setTimer } from "./timers.ts";
import { mapWork, type Work } from "./work.ts";

/** The columns that writes of a schedule read. */
interface Row {
  readonly no: number;
  readonly definition: string;
  readonly name: string;
  readonly spec: string;
  readonly revision: number;
  readonly is_paused: number;
  readonly decided_to: number;
  readonly last_run: number | null;
}

const stale: ScheduleOutcome = { ok: false, why: "stale" };

/**
 * All writes of schedules. A set of firings is guarded by the schedule's revision, and each scheduled time by its own
 * row: if two workers decide the same one, the second gets `stale`.
 */
export function* applySchedule(context: Context, transition: ScheduleTransition, at: number): Work<ScheduleOutcome> {
  switch (transition.act) {
    case "put":
      return yield* putSchedules(context, transition, at);
    case "fire":
      return yield* fireSchedule(context, transition, at);
    case "pause":
    case "resume":
      return yield* pauseSchedule(context, transition, at);
    case "run-now":
      return yield* runNow(context, transition, at);
    case "backfill":
      return yield* backfill(context, transition, at);
    default:
      return unreachable(transition);
  }
}

function* readRow(context: Context, no: number): Work<Row | undefined> {
  return yield* context.db.get<Row & Record<string, unknown>>(
    `select no, definition, name, spec, revision, is_paused, decided_to, last_run from schedules
     where no = ? and is_removed = 0`,
    no,
  );
}

// --- Definitions ----------------------------------------------------------------------------------------------------------

function* putSchedules(context: Context, put: PutSchedules, at: number): Work<ScheduleOutcome> {
  const { kind, name, version } = put.definition;
  const known = yield* context.db.all<{
    no: number;
    name: string;
    hash: string;
    version: number;
    is_removed: number;
  }>("select no, name, hash, version, is_removed from schedules where kind = ? and definition = ?", kind, name);
  const wanted = new Set(put.schedules.map((each) => each.name));
  for (const each of known)
    if (!wanted.has(each.name) && each.is_removed === 0) yield* removeSchedule(context, each.no, at);
  for (const schedule of put.schedules) {
    const same = known.find((each) => each.name === schedule.name);
    if (same === undefined) yield* addSchedule(context, put, schedule, at);
    else if (same.hash !== schedule.hash || same.is_removed === 1)
      yield* renewSchedule(context, same.no, schedule, version, at);
    else if (same.version !== version)
      yield* context.db.run("update schedules set version = ? where no = ?", version, same.no);
  }
  return { ok: true, at, decided: [], started: null };
}

function* addSchedule(
  context: Context,
  put: PutSchedules,
  wanted: PutSchedules["schedules"][number],
  at: number,
): Work<void> {
  const { kind, name, version } = put.definition;
  const no = yield* context.db.insert(
    `insert into schedules (kind, definition, version, name, spec, hash, decided_to, created_at) values (?, ?, ?, ?, ?, ?, ?, ?)`,
    kind,
    name,
    version,
    wanted.name,
    JSON.stringify(wanted.spec),
    wanted.hash,
    decidedFrom(wanted.spec, at),
    at,
  );
  yield* planNext(context, no, at);
}

/**
 * Applies a changed spec, or restores a removed schedule. A schedule keeps its history: with the same timing, times that
 * are due but not decided yet are decided by the new options. With another timing they are recorded as missed, and the
 * new times start from now. A time that waits for the previous run keeps waiting.
 */
function* renewSchedule(
  context: Context,
  no: number,
  wanted: PutSchedules["schedules"][number],
  version: number,
  at: number,
): Work<void> {
  const row = yield* readRow(context, no);
  const keepsTimes = row !== undefined && isSameTiming(JSON.parse(row.spec) as ScheduleSpec, wanted.spec);
  if (row !== undefined && !keepsTimes) yield* recordPassed(context, row, at);
  yield* context.db.run(
    `update schedules set spec = ?, hash = ?, version = ?, decided_to = ?, is_removed = 0, revision = revision + 1 where no = ?`,
    JSON.stringify(wanted.spec),
    wanted.hash,
    version,
    keepsTimes ? row.decided_to : decidedFrom(wanted.spec, at),
    no,
  );
  yield* planNext(context, no, at);
}

function isSameTiming(a: ScheduleSpec, b: ScheduleSpec): boolean {
  return canonical(a.timing) === canonical(b.timing);
}

function* removeSchedule(context: Context, no: number, at: number): Work<void> {
  const row = yield* readRow(context, no);
  if (row !== undefined) yield* recordPassed(context, row, at);
  yield* dropBuffered(context, no, "the schedule was removed", at);
  yield* context.db.run("update schedules set is_removed = 1, revision = revision + 1 where no = ?", no);
  yield* setTimer(context, "schedule", no, null);
}

/** Records the scheduled times up to now that no process has decided: their schedule is about to change. */
function* recordPassed(context: Context, row: Row, at: number): Work<void> {
  const gap = passedGap(JSON.parse(row.spec) as ScheduleSpec, row.decided_to, at, row.is_paused === 1);
  if (gap !== null) yield* widenGap(context, row.no, gap, at);
}

function* dropBuffered(context: Context, no: number, why: string, at: number): Work<void> {
  yield* context.db.run(
    "update fires set outcome = 'skipped', why = ?, at = ? where schedule = ? and outcome = 'buffered'",
    why,
    at,
    no,
  );
}

/** The only place that sets a schedule's next timer. */
function* planNext(context: Context, no: number, at: number): Work<void> {
  const row = yield* readRow(context, no);
  if (row === undefined) return;
  const schedule = { id: scheduleId(row), spec: JSON.parse(row.spec) as ScheduleSpec, decidedTo: row.decided_to };
  const hasBuffered = (yield* bufferedOf(context, no)) !== null && row.is_paused === 0;
  yield* setTimer(context, "schedule", no, nextDue(schedule, hasBuffered, at));
}

function* bufferedOf(context: Context, no: number): Work<number | null> {
  const row = yield* context.db.get<{ nominal_at: number }>(
    "select nominal_at from fires where schedule = ? and outcome = 'buffered'",
    no,
  );
  return row?.nominal_at ?? null;
}

// --- Firings --------------------------------------------------------------------------------------------------------------

function* fireSchedule(context: Context, fire: FireScheduleTransition, at: number): Work<ScheduleOutcome> {
  const row = yield* readRow(context, fire.schedule);
  if (row === undefined || !context.safeguards.isSameRevision(row.revision, fire.revision)) return stale;
  const spec = JSON.parse(row.spec) as ScheduleSpec;
  const { overlap } = spec;
  // The decider's clock may differ: nothing is fired before it is due by store time.
  if (fire.fires.some(({ scheduledAt }) => dueOf(spec, scheduleId(row), scheduledAt) > at)) return stale;
  const decided: Firing[] = [];
  let lastRun = row.last_run;
  if (fire.gap !== null && context.safeguards.countsMissed()) yield* widenGap(context, row.no, fire.gap, at);
  const start = function* (planned: PlannedFiring): Work<void> {
    const made = yield* decideStart(context, row.no, planned, at);
    if (made === null) return;
    decided.push(made.fire);
    lastRun = made.run ?? lastRun;
  };
  if (fire.buffered !== null && (yield* openRun(context, lastRun)) === null) yield* start(fire.buffered);
  for (const planned of fire.fires) {
    const decision = decideOverlap(
      overlap,
      yield* openRun(context, lastRun),
      (yield* bufferedOf(context, row.no)) !== null,
    );
    if (planned.refusal !== null || decision.act === "fire") yield* start(planned);
    else if (decision.act === "cancel-and-fire") {
      // Only for a start that takes its place: the run must not end for one that is then refused.
      const refused = planned.start === null ? null : yield* startRefusal(context, planned.start, at, lastRun);
      if (lastRun !== null && refused === null)
        yield* cancelRun(context, yield* livingPart(context, lastRun), replacedBy(row), at);
      yield* start(planned);
    } else {
      const outcome = decision.act === "buffer" ? "buffered" : "skipped";
      const why = decision.act === "skip" ? decision.why : null;
      const kept: Firing = { scheduledAt: planned.scheduledAt, outcome, run: null, why, at };
      if (yield* keepFiring(context, row.no, kept)) decided.push(kept);
    }
  }
  yield* context.db.run(
    "update schedules set decided_to = case when decided_to < ?1 then ?1 else decided_to end, last_run = ?2, revision = revision + 1 where no = ?3",
    fire.decidedTo,
    lastRun,
    row.no,
  );
  yield* planNext(context, row.no, at);
  return { ok: true, at, decided, started: null };
}

function replacedBy(row: Row): Extract<Reason, { code: "by-person" }> {
  return { code: "by-person", by: `schedule:${scheduleId(row)}`, why: "its next scheduled time has arrived" };
}

/** The ID of a schedule's last run if it has not ended. A run that has continued as others has not ended. */
function* openRun(context: Context, run: number | null): Work<string | null> {
  if (run === null) return null;
  const part = yield* livingPart(context, run);
  return (
    (yield* context.db.get<{ id: string }>("select id from runs where no = ? and ended is null", part))?.id ?? null
  );
}

/** Starts the run of a scheduled time, unless it already has one. */
function* decideStart(
  context: Context,
  schedule: number,
  { scheduledAt, start, refusal }: PlannedFiring,
  at: number,
): Work<{ fire: Firing; run: number | null } | null> {
  if (!context.safeguards.mayFire(yield* isTaken(context, schedule, scheduledAt))) return null;
  const refuse = function* (why: string | null): Work<{ fire: Firing; run: null } | null> {
    const fire: Firing = { scheduledAt, outcome: "refused", run: null, why, at };
    return (yield* keepFiring(context, schedule, fire)) ? { fire, run: null } : null;
  };
  if (start === null) return yield* refuse(refusal);
  const { run, refused } = yield* startedRun(context, start, at);
  if (run === null) return yield* refuse(refusalText(refused));
  // A start that was merged into a run counts as that run.
  const why = run.id === start.id ? null : `joined run ${run.id}`;
  const fire: Firing = { scheduledAt, outcome: "fired", run: run.id, why, at };
  yield* keepFiring(context, schedule, fire);
  return { fire, run: run.no };
}

/** Whether a scheduled time has its run. A skipped, refused or buffered time may still get one. */
function* isTaken(context: Context, schedule: number, scheduledAt: number): Work<boolean> {
  const row = yield* context.db.get<{ outcome: string }>(
    "select outcome from fires where schedule = ? and nominal_at = ?",
    schedule,
    scheduledAt,
  );
  return row?.outcome === "fired";
}

/** False: this scheduled time has a run and keeps it. */
function* keepFiring(
  context: Context,
  schedule: number,
  { scheduledAt, outcome, run, why, at }: Firing,
): Work<boolean> {
  const { changes } = yield* context.db.run(
    `insert into fires (schedule, nominal_at, outcome, run_id, why, at) values (?, ?, ?, ?, ?, ?)
     on conflict (schedule, nominal_at) do update set outcome = excluded.outcome, run_id = excluded.run_id, why = excluded.why, at = excluded.at
     where fires.outcome <> 'fired'`,
    schedule,
    scheduledAt,
    outcome,
    run,
    why,
    at,
  );
  return changes > 0;
}

/** The run of a start: the new one, or the one that its key has already started, with any input; or the refusal. */
function* startedRun(
  context: Context,
  start: StartRun,
  at: number,
): Work<{ run: { no: number; id: string }; refused: null } | { run: null; refused: StartRefusal }> {
  const outcome = yield* startRun(context, start, at);
  if (outcome.ok) return { run: { no: outcome.run.no, id: outcome.run.id }, refused: null };
  if (outcome.why !== "key-conflict") return { run: null, refused: outcome };
  // The key names the scheduled time, so its run is the one that was started for it. Retention may have removed it.
  const known = yield* context.db.get<{ no: number }>("select no from runs where id = ?", outcome.id);
  return { run: { no: known?.no ?? 0, id: outcome.id }, refused: null };
}

/** Consecutive missed times are one record. */
function* widenGap(context: Context, schedule: number, gap: FiringGap, at: number): Work<void> {
  const last = yield* context.db.get<{ no: number; cause: string; through_at: number }>(
    "select no, cause, through_at from fire_gaps where schedule = ? order by through_at desc limit 1",
    schedule,
  );
  const fired = yield* context.db.get<{ at: number | null }>(
    "select max(nominal_at) as at from fires where schedule = ? and nominal_at < ?",
    schedule,
    gap.fromAt,
  );
  if (last !== undefined && last.cause === gap.cause && last.through_at > (fired?.at ?? 0)) {
    yield* context.db.run(
      "update fire_gaps set through_at = ?, count = count + ?, at = ? where no = ? and through_at < ?",
      gap.throughAt,
      gap.count,
      at,
      last.no,
      gap.fromAt,
    );
    return;
  }
  yield* context.db.run(
    "insert into fire_gaps (schedule, cause, from_at, through_at, count, at) values (?, ?, ?, ?, ?, ?)",
    schedule,
    gap.cause,
    gap.fromAt,
    gap.throughAt,
    gap.count,
    at,
  );
}

// --- Requests of people ---------------------------------------------------------------------------------------------------

function* pauseSchedule(
  context: Context,
  { act, schedule, revision, audit }: PauseSchedule,
  at: number,
): Work<ScheduleOutcome> {
  const row = yield* readRow(context, schedule);
  if (row === undefined || row.revision !== revision) return stale;
  const isPaused = act === "pause";
  yield* context.db.run(
    "update schedules set is_paused = ?, paused_by = ?, paused_why = ?, paused_at = ?, revision = revision + 1 where no = ?",
    isPaused ? 1 : 0,
    isPaused ? audit.actor : null,
    isPaused ? audit.why : null,
    isPaused ? at : null,
    schedule,
  );
  yield* auditSchedule(context, row, audit, at);
  yield* planNext(context, schedule, at);
  return { ok: true, at, decided: [], started: null };
}

function* runNow(context: Context, { schedule, start, audit }: RunScheduleNow, at: number): Work<ScheduleOutcome> {
  const row = yield* readRow(context, schedule);
  if (row === undefined) return stale;
  const { run, refused } = yield* startedRun(context, start, at);
  if (run === null) return { ok: false, why: "refused", refused };
  yield* context.db.run("update schedules set last_run = ? where no = ?", run.no, schedule);
  yield* auditSchedule(context, row, audit, at);
  return { ok: true, at, decided: [], started: run.id };
}

function* backfill(context: Context, { schedule, fires, audit }: BackfillSchedule, at: number): Work<ScheduleOutcome> {
  const row = yield* readRow(context, schedule);
  if (row === undefined) return stale;
  const decided = yield* mapWork(fires, function* (planned) {
    return (yield* decideStart(context, schedule, planned, at))?.fire ?? null;
  });
  yield* auditSchedule(context, row, audit, at);
  return { ok: true, at, decided: decided.filter((each) => each !== null), started: null };
}

function* auditSchedule(context: Context, row: Row, { actor, verb, why }: Audit, at: number): Work<void> {
  yield* context.db.run(
    "insert into audit (schedule, actor, verb, why, at) values (?, ?, ?, ?, ?)",
    scheduleId(row),
    actor,
    verb,
    why,
    at,
  );
}

/**
 * Deletes old firings, which are kept as long as completed runs. The last firing of each schedule stays, to be shown.
 */
export function* sweepFires(context: Context, before: number, limit: number): Work<void> {
  const { db } = context;
  yield* db.run(
    `delete from fires where (schedule, nominal_at) in (
       select f.schedule, f.nominal_at from fires f where f.at < ? and f.outcome <> 'buffered'
         and f.nominal_at < (select max(nominal_at) from fires l where l.schedule = f.schedule) order by f.at limit ?)`,
    before,
    limit,
  );
  yield* db.run(
    "delete from fire_gaps where no in (select no from fire_gaps where at < ? order by no limit ?)",
    before,
    limit,
  );
}
