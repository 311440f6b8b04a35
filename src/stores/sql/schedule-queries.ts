import { nextDue } from "../../kernel/decide/schedule.ts";
import type { InvariantViolation } from "../../kernel/model/doctor.ts";
import {
  type Firing,
  type FiringGap,
  type FiringOutcome,
  type GapCause,
  type ScheduleRow,
  scheduleId,
} from "../../kernel/model/schedule.ts";
import type { Context } from "./context.ts";
import type { Value } from "./work.ts";
import { mapWork, type Work } from "./work.ts";

interface Stored {
  no: number;
  kind: string;
  definition: string;
  version: number;
  name: string;
  spec: string;
  revision: number;
  is_paused: number;
  paused_by: string | null;
  paused_why: string | null;
  paused_at: number | null;
  decided_to: number;
  created_at: number;
  due_at: number | null;
  buffered: number | null;
}

const columns = `s.no, s.kind, s.definition, s.version, s.name, s.spec, s.revision, s.is_paused, s.paused_by, s.paused_why, s.paused_at,
  s.decided_to, s.created_at, (select t.due_at from timers t where t.owner_kind = 'schedule' and t.owner = s.no) as due_at,
  (select f.nominal_at from fires f where f.schedule = s.no and f.outcome = 'buffered') as buffered`;

export function* readSchedules(
  context: Context,
  { definition, after, limit }: { definition: string | null; after: number | null; limit: number },
): Work<readonly ScheduleRow[]> {
  return yield* select(
    context,
    `${definition === null ? "cast(? as text) is null" : "s.definition = ?"} and s.no > ? order by s.no limit ?`,
    definition,
    after ?? 0,
    limit,
  );
}

export function* readSchedule(context: Context, { id }: { id: string }): Work<ScheduleRow | null> {
  return (
    (yield* select(context, `${escaped("s.definition")} || '/' || ${escaped("s.name")} = ? limit 1`, id))[0] ?? null
  );
}

/** As in `scheduleId`. */
function escaped(column: string): string {
  return `replace(replace(${column}, '%', '%25'), '/', '%2F')`;
}

export function* readScheduleOf(context: Context, { no }: { no: number }): Work<ScheduleRow | null> {
  return (yield* select(context, "s.no = ?", no))[0] ?? null;
}

function* select(context: Context, where: string, ...params: Value[]): Work<ScheduleRow[]> {
  return yield* mapWork(
    yield* context.db.all<Stored>(`select ${columns} from schedules s where s.is_removed = 0 and ${where}`, ...params),
    function* (row) {
      return yield* toSchedule(context, row);
    },
  );
}

function* toSchedule(context: Context, row: Stored): Work<ScheduleRow> {
  return {
    no: row.no,
    kind: row.kind,
    definition: row.definition,
    version: row.version,
    name: row.name,
    spec: JSON.parse(row.spec),
    revision: row.revision,
    isPaused: row.is_paused === 1,
    pausedBy: row.paused_by,
    pausedWhy: row.paused_why,
    pausedAt: row.paused_at,
    decidedTo: row.decided_to,
    dueAt: row.due_at,
    buffered: row.buffered,
    lastFire: (yield* readFirings(context, { schedule: row.no, before: null, limit: 1 }))[0] ?? null,
    lastGap: (yield* readGaps(context, { schedule: row.no, limit: 1 }))[0] ?? null,
    createdAt: row.created_at,
  };
}

/** Decided scheduled times, newest first. */
export function* readFirings(
  context: Context,
  { schedule, before, limit }: { schedule: number; before: number | null; limit: number },
): Work<readonly Firing[]> {
  return (yield* context.db.all<{
    scheduledAt: number;
    nominalAt: number;
    outcome: FiringOutcome;
    run: string | null;
    why: string | null;
    at: number;
  }>(
    `select nominal_at as scheduledAt, nominal_at as nominalAt, outcome, run_id as run, why, at from fires
     where schedule = ? and nominal_at < ? order by nominal_at desc limit ?`,
    schedule,
    before ?? Number.MAX_SAFE_INTEGER,
    limit,
  )).map((row) => ({ ...row }));
}

/** Ranges of missed scheduled times, newest first. */
export function* readGaps(
  context: Context,
  { schedule, limit }: { schedule: number; limit: number },
): Work<readonly (FiringGap & { readonly at: number })[]> {
  return (yield* context.db.all<{ cause: GapCause; fromAt: number; throughAt: number; count: number; at: number }>(
    `select cause, from_at as fromAt, through_at as throughAt, count, at from fire_gaps
     where schedule = ? order by through_at desc limit ?`,
    schedule,
    limit,
  )).map((row) => ({ ...row }));
}

/** A schedule with upcoming times always has a timer, and has at most one buffered time. */
export function* findScheduleViolations(context: Context): Work<readonly InvariantViolation[]> {
  const now = context.clock.now();
  const idle = (yield* select(context, "1 = 1")).filter(
    (row) =>
      row.dueAt === null &&
      nextDue({ ...row, id: scheduleId(row) }, row.buffered !== null && !row.isPaused, now) !== null,
  );
  const crowded = yield* context.db.all<{ schedule: number }>(
    "select schedule from fires where outcome = 'buffered' group by schedule having count(*) > 1",
  );
  return [
    ...idle.map((row) => ({
      id: scheduleId(row),
      problem: "has upcoming times but no timer",
      code: "schedule-without-timer" as const,
    })),
    ...crowded.map((row) => ({
      id: `schedule ${row.schedule}`,
      problem: "has more than one buffered time",
      code: "schedule-waits-twice" as const,
    })),
  ];
}
