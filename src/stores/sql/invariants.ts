import type { CounterDrift, InvariantViolation, ViolationCode } from "../../kernel/model/doctor.ts";
import type { RestStatus, RunStatus } from "../../kernel/model/status.ts";
import { liveStatuses, state } from "./codes.ts";
import type { Context } from "./context.ts";
import { findScheduleViolations } from "./schedule-queries.ts";
import { slotState } from "./slots.ts";
import { mapWork, type Work } from "./work.ts";

/** An invariant of a run's rows. `from` and `where` select the runs that violate it as `r`. */
interface RunInvariant {
  readonly code: ViolationCode;
  readonly problem: string;
  readonly from: string;
  readonly where: string;
}

const withLive = "runs r join live l on l.run = r.no";
const inNoLine = "not exists (select 1 from slot_waiters w where w.run = r.no)";

/** Queue invariant: every run that has not ended is in exactly one state of ready, leased, suspended and parked. */
const runInvariants: readonly RunInvariant[] = [
  {
    code: "not-queued",
    problem: "has not ended and is not in the queue",
    from: "runs r left join live l on l.run = r.no",
    where: "r.ended is null and l.run is null",
  },
  {
    code: "queued-at-rest",
    problem: "has ended and is still in the queue",
    from: withLive,
    where: "r.ended is not null",
  },
  {
    code: "ready-without-time",
    problem: "is ready without a ready time",
    from: withLive,
    where: `l.state = ${state.ready} and l.ready_at is null`,
  },
  {
    code: "leased-by-nobody",
    problem: "is leased and its worker is gone",
    from: withLive,
    where: `l.state = ${state.leased} and not exists (select 1 from workers w where w.incarnation = l.holder and w.is_dead = 0)`,
  },
  {
    code: "held-and-idle",
    problem: "has a holder but is not leased",
    from: withLive,
    where: `l.state <> ${state.leased} and l.holder is not null`,
  },
  {
    code: "nothing-wakes-it",
    problem: "is parked and nothing can wake it",
    from: withLive,
    where: `l.state = ${state.parked} and not exists (select 1 from waits w where w.run = r.no) and ${inNoLine}`,
  },
  {
    code: "wakes-too-late",
    problem: "is parked later than its earliest timer",
    from: withLive,
    where: `l.state = ${state.parked} and coalesce(l.ready_at, 9e15) > (select min(due_at) from waits w where w.run = r.no) and ${inNoLine}`,
  },
  {
    code: "parked-over-unread",
    problem: "is parked with unread inbox entries",
    from: withLive,
    where: `l.state = ${state.parked} and l.ready_at is null
      and exists (select 1 from inbox i where i.run = r.no and i.is_read = 0) and ${inNoLine}`,
  },
  {
    code: "works-without-slot",
    problem: "is leased without its concurrency slot",
    from: withLive,
    where: `l.state = ${state.leased} and l.slots = ${slotState.wanting} and l.deadline_at is null`,
  },
  {
    code: "slot-of-idle",
    problem: "holds a concurrency slot without being active",
    from: "slots s join runs r on r.no = s.run left join live l on l.run = r.no",
    where: `(l.run is null or l.state = ${state.suspended} or (l.state = ${state.parked} and s.is_kept = 0))`,
  },
  {
    code: "in-line-and-working",
    problem: "is queued for a concurrency slot while active",
    from: "slot_waiters w join runs r on r.no = w.run left join live l on l.run = r.no",
    where: `(l.run is null or l.state in (${state.leased}, ${state.suspended}))`,
  },
  {
    code: "free-slot-in-line",
    problem: "is queued for a concurrency slot that is free",
    from: "slot_waiters w join runs r on r.no = w.run join slot_limits k on k.key = w.key",
    where: "(select count(*) from slots s where s.key = w.key) < k.max",
  },
  {
    code: "failed-and-forgotten",
    problem: "failed without being a dead letter and without a reason",
    from: "runs r left join dead d on d.run = r.no",
    where: "r.ended = 'failed' and d.run is null and r.reason is null",
  },
  {
    code: "dead-letter-of-none",
    problem: "is a dead letter but did not fail",
    from: "dead d join runs r on r.no = d.run",
    where: "r.ended is distinct from 'failed'",
  },
  {
    code: "recorded-twice",
    problem: "has a result recorded twice",
    from: "runs r",
    // Only for runs that were never reopened: reopening voids entries and requests their keys again.
    where: `r.round = 0 and r.no in
      (select run from steps where key <> '' and outcome <> 3 group by run, key having count(*) > 1)`,
  },
  {
    code: "waits-for-none",
    problem: "waits for a run that does not exist",
    from: "waits w join runs r on r.no = w.run",
    where: "w.kind = 'child' and not exists (select 1 from runs c where c.id = w.name)",
  },
  {
    code: "call-untold",
    problem: "waits for a run that has ended, and was not told",
    from: "waits w join runs r on r.no = w.run join runs c on c.id = w.name",
    where: `w.kind = 'child' and c.ended is not null
      and not exists (select 1 from inbox i where i.run = w.run and i.kind = 'child' and i.key = w.key and i.is_read = 0)`,
  },
];

/** Maximum rows reported at once. The others are found after these are repaired. */
const shownMax = 100;

/** All invariant violations. Empty if the store is intact. */
export function* findViolations(context: Context): Work<readonly InvariantViolation[]> {
  return [
    ...(yield* mapWork(runInvariants, function* ({ code, problem, from, where }) {
      return (yield* context.db.all<{ id: string }>(
        `select distinct r.id from ${from} where ${where} limit ${shownMax}`,
      )).map(({ id }) => ({ id, problem, code }));
    })).flat(),
    ...(yield* findCounterDrift(context)).map((drift) => driftViolation(drift)),
    ...(yield* findScheduleViolations(context)),
  ];
}

/** The run's number if it still violates this invariant. */
export function* findViolation(context: Context, code: ViolationCode, id: string): Work<number | null> {
  const rule = runInvariants.find((each) => each.code === code);
  if (rule === undefined) return null;
  const sql = `select r.no from ${rule.from} where r.id = ? and ${rule.where} limit 1`;
  return (yield* context.db.get<{ no: number }>(sql, id))?.no ?? null;
}

function driftViolation(drift: CounterDrift): InvariantViolation {
  const { counted, delta } = drift;
  const real = counted + delta;
  switch (drift.of) {
    case "runs":
      return {
        id: `${drift.definition} ${drift.status}`,
        problem: `counter is ${counted} runs, actual ${real}`,
        code: "miscounted",
      };
    case "hours":
      return {
        id: `${drift.definition} ${drift.status} ${drift.hour}`,
        problem: `counter is ${counted} runs in an hour, actual ${real}`,
        code: "miscounted-hour",
      };
    case "causes":
      return {
        id: drift.fingerprint,
        problem: `counter is ${counted} dead letters of an error, actual ${real}`,
        code: "miscounted-cause",
      };
  }
}

/** A run's status computed from its rows, to recount runs. */
const statusSql = `coalesce(r.ended, case when l.compensation is not null and l.state <> ${state.suspended} then 'compensating'
  else case l.state ${liveStatuses.map((status, code) => `when ${code} then '${status}'`).join(" ")} else 'pending' end end)`;

/** The drift of every counter. */
export function* findCounterDrift(context: Context): Work<readonly CounterDrift[]> {
  const { db } = context;
  const runs = yield* db.all<{ definition: number; status: RunStatus; counted: number; n: number }>(
    `select definition, status, sum(counted) as counted, sum(n) as n from (
       select definition, status, count as counted, 0 as n from counters
       union all select * from (select r.definition, ${statusSql} as status, 0, count(*) from runs r left join live l on l.run = r.no group by 1, 2) a
     ) b group by definition, status having sum(counted) <> sum(n) limit ${countsMax}`,
  );
  const hours = yield* db.all<{
    definition: number;
    status: "started" | RestStatus;
    hour: number;
    counted: number;
    n: number;
  }>(
    `select definition, status, hour, sum(counted) as counted, sum(n) as n from (
       select definition, status, hour, count as counted, 0 as n from hours
       union all select * from (select definition, 'started', created_at / 3600000 as hour, 0, count(*) from runs group by 1, 3) a
       union all select * from (select definition, ended, ended_at / 3600000 as hour, 0, count(*) from runs where ended is not null group by 1, 2, 3) a
     ) b group by definition, status, hour having sum(counted) <> sum(n) limit ${countsMax}`,
  );
  const causes = yield* db.all<{ fingerprint: string; counted: number; n: number }>(
    `select fingerprint, sum(counted) as counted, sum(n) as n from (
       select fingerprint, count as counted, 0 as n from causes
       union all select * from (select fingerprint, 0, count(*) from dead group by 1) a
     ) b group by fingerprint having sum(counted) <> sum(n) limit ${countsMax}`,
  );
  const off = <T extends { counted: number; n: number }>({ n, ...row }: T): Omit<T, "n"> & { delta: number } => ({
    ...row,
    delta: n - row.counted,
  });
  return [
    ...runs.map((row) => ({ of: "runs" as const, ...off(row) })),
    ...hours.map((row) => ({ of: "hours" as const, ...off(row) })),
    ...causes.map((row) => ({ of: "causes" as const, ...off(row) })),
  ];
}

/** Maximum of each kind at once. */
const countsMax = 1_000;
