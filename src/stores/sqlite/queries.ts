import { statSync } from "node:fs";
import type { RunDetail } from "../../kernel/model/detail.ts";
import type { Wait } from "../../kernel/model/journal.ts";
import type { Reason } from "../../kernel/model/reason.ts";
import type { Compensation, RunRow } from "../../kernel/model/run.ts";
import type { RunStatus } from "../../kernel/model/status.ts";
import type { DeadGroup, EventRow, HourRow, Queries, RunFilter, StoreStats } from "../../kernel/ports/queries.ts";
import { readArtifact, readManifests, readVersions } from "./artifacts.ts";
import { countBulk, listBulks, readBulk, readBulkItems, readLot } from "./bulks.ts";
import { kindCode, liveStatuses, state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import type { Value } from "./database.ts";
import { readJournal } from "./journal.ts";
import { readArrivals, readAttempts, readEntries, readWaits } from "./load.ts";
import {
  findStraySchedules,
  readFires,
  readGaps,
  readSchedule,
  readScheduleOf,
  readSchedules,
} from "./schedule-queries.ts";
import { countRuns, findRuns } from "./search.ts";
import { slotState } from "./slots.ts";
import { readDueTimers } from "./timers.ts";

type Handlers = {
  readonly [K in keyof Queries]: (context: Context, params: Queries[K]["params"]) => Queries[K]["result"];
};

/** Steps that a run's detail brings along; the rest are paged. */
const detailSteps = 200;

interface ListRow {
  no: number;
  id: string;
  definition: number;
  ended: RunStatus | null;
  key: string | null;
  error: string | null;
  reason: string | null;
  attributes: string | null;
  origin: string;
  parent_id: string | null;
  round: number;
  created_at: number;
  ended_at: number | null;
  continued_as: string | null;
  state: number | null;
  ready_at: number | null;
  live_fence: number | null;
  live_reason: string | null;
  compensation: string | null;
  worker: string | null;
  fingerprint: string | null;
  step: string | null;
}

const listColumns = `r.no, r.id, r.definition, r.ended, r.key, r.error, r.reason, r.attributes, r.origin, r.round, r.created_at, r.ended_at, r.continued_as,
  (select p.id from runs p where p.no = r.parent) as parent_id, l.state, l.ready_at, l.fence as live_fence, l.reason as live_reason, coalesce(l.compensation, d.compensation) as compensation,
  (select w.name from workers w where w.incarnation = l.holder) as worker, d.fingerprint, d.step`;

export const queries: Handlers = {
  runs: (context, filter) => listRuns(context, filter),
  count: countRuns,
  hours: (context, { from, to, definition }) =>
    context.db
      .all<{ definition: number; status: HourRow["status"]; hour: number; count: number }>(
        `select definition, status, hour, count from hours where hour >= ? and hour < ? and count <> 0
         ${definition === undefined ? "" : `and definition in (${context.definitions.numbersOf(definition).join(",")})`} order by hour, definition, status`,
        from,
        to,
      )
      .map((row) => ({ ...row, definition: context.definitions.ref(row.definition) })),
  run: (context, { id }) => {
    const row = context.db.get<ListRow & Record<string, unknown>>(
      id === "latest"
        ? `select ${listColumns} from runs r left join live l on l.run = r.no left join dead d on d.run = r.no order by r.no desc limit 1`
        : `select ${listColumns} from runs r left join live l on l.run = r.no left join dead d on d.run = r.no where r.id = ?`,
      ...(id === "latest" ? [] : [id]),
    );
    return row === undefined ? null : detail(context, row);
  },
  prefix: (context, { id }) =>
    context.db
      .all<{ id: string }>("select id from runs where id >= ? and id < ? order by id limit 3", id, `${id}\u{10FFFF}`)
      .map((row) => row.id),
  steps: (context, { run, after, limit }) => readEntries(context, run, after, limit, false),
  reopenings: (context, { run }) =>
    context.db
      .all<{ seq: number; value: string | null }>(
        "select seq, value from steps where run = ? and kind = ? order by seq",
        run,
        kindCode.reopen,
      )
      .map(({ seq, value }) => ({
        seq,
        reopening: JSON.parse(context.payloads.whole(run, `step:${seq}`, value) ?? '{"keys":[]}'),
      })),
  payload: (context, { run, slot }) => context.payloads.read(run, slot),
  output: (context, { run }) => {
    const row = context.db.get<{ output: string | null }>("select output from runs where no = ?", run);
    return context.payloads.whole(run, "output", row?.output ?? null);
  },
  bulk: readBulk,
  bulks: (context, { before, limit }) => listBulks(context, before, limit),
  bulkMatch: countBulk,
  bulkItems: readBulkItems,
  bulkLot: readLot,
  child: (context, { parent, key }) =>
    context.db.get<{ id: string }>("select id from runs where parent = ? and parent_key = ?", parent, key)?.id ?? null,
  liveChildren: (context, { run }) =>
    context.db.get<{ n: number }>("select count(*) as n from runs where parent = ? and ended is null", run)?.n ?? 0,
  logs: (context, { run, after, limit }) =>
    context.db.all(
      "select no, key, level, message, data, at from logs where run = ? and no > ? order by no limit ?",
      run,
      after,
      limit,
    ),
  history: (context, { run }) =>
    context.db.all("select at, kind, detail from history where run = ? order by no limit 1000", run),
  audit: (context, { run, before, limit }) =>
    context.db.all(
      `select no, run_id as run, schedule, actor, verb, why, at from audit where ${run === null ? "? is null" : "run = ?"} and no < ? order by no desc limit ?`,
      run,
      before ?? Number.MAX_SAFE_INTEGER,
      limit,
    ),
  counts: (context) =>
    context.db
      .all<{ definition: number; status: RunStatus; n: number }>(
        "select definition, status, sum(count) as n from counters group by definition, status having n <> 0",
      )
      .map((row) => ({ definition: context.definitions.ref(row.definition), status: row.status, count: row.n })),
  deadLetters: (context, filter) => {
    const where: string[] = ["d.run < ?"];
    const params: Value[] = [filter.before ?? Number.MAX_SAFE_INTEGER];
    if (filter.fingerprint !== undefined) {
      where.push("d.fingerprint = ?");
      params.push(filter.fingerprint);
    }
    if (filter.definition !== undefined)
      where.push(`r.definition in (${context.definitions.numbersOf(filter.definition).join(",")})`);
    return context.db
      .all<ListRow>(
        `select ${listColumns} from dead d join runs r on r.no = d.run left join live l on l.run = r.no where ${where.join(" and ")} order by d.run desc limit ?`,
        ...params,
        filter.limit,
      )
      .map((row) => toRun(context, row));
  },
  deadGroups: (context, { limit }) =>
    context.db
      .all<{ fingerprint: string; n: number }>(
        "select fingerprint, count as n from causes order by count desc, fingerprint limit ?",
        limit,
      )
      .flatMap((row) => toGroup(context, row)),
  events: (context, { name, before, limit }) =>
    context.db
      .all<StoredEvent>(
        `select no, id, source, name, data, is_routed, matched, refused, at from events where ${name === null ? "? is null" : "name = ?"} and no < ? order by no desc limit ?`,
        name,
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
      )
      .map(toEvent),
  event: (context, { no }) => {
    const row = context.db.get<StoredEvent & Record<string, unknown>>(
      "select no, id, source, name, data, is_routed, matched, refused, at from events where no = ?",
      no,
    );
    return row === undefined ? null : toEvent({ ...row, data: context.payloads.whole(0, `event:${no}`, row.data) });
  },
  unrouted: (context, { limit }) =>
    context.db
      .all<StoredEvent>(
        "select no, id, source, name, data, is_routed, matched, refused, at from events where is_routed = 0 order by no limit ?",
        limit,
      )
      .map((row) => toEvent({ ...row, data: context.payloads.whole(0, `event:${row.no}`, row.data) })),
  definitions: (context) => context.definitions.all(),
  versions: (context, { name }) => readVersions(context, name),
  artifact: (context, { hash }) => readArtifact(context, hash),
  manifests: (context, { keyIds }) => readManifests(context, keyIds),
  journal: (context, { run }) => readJournal(context, run),
  schedules: readSchedules,
  schedule: readSchedule,
  scheduleOf: readScheduleOf,
  fires: readFires,
  fireGaps: readGaps,
  dueTimers: readDueTimers,
  strays: (context) => findStrays(context),
  stats: (context) => readStats(context),
};

function listRuns(context: Context, filter: RunFilter): readonly RunRow[] {
  const numbers = findRuns(context, filter);
  if (numbers.length === 0) return [];
  return context.db
    .all<ListRow>(
      `select ${listColumns} from runs r left join live l on l.run = r.no left join dead d on d.run = r.no
       where r.no in (${numbers.join(",")}) order by r.no desc`,
    )
    .map((row) => toRun(context, row));
}

function toRun(context: Context, row: ListRow): RunRow {
  const status: RunStatus = row.ended ?? statusOfState(row.state ?? 0, row.compensation !== null);
  const error = context.payloads.whole(row.no, "error", row.error);
  return {
    no: row.no,
    id: row.id,
    definition: context.definitions.ref(row.definition),
    status,
    reason: reasonOf(context, row, status),
    key: row.key,
    attributes: row.attributes === null ? null : JSON.parse(row.attributes),
    parentId: row.parent_id,
    origin: JSON.parse(row.origin),
    round: row.round,
    error: error === null ? null : JSON.parse(error),
    fingerprint: row.fingerprint,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    continuedAs: row.continued_as,
  };
}

/** Derived from the open waits, never kept beside them: two sources would disagree one day. */
function reasonOf(context: Context, row: ListRow, status: RunStatus): Reason | null {
  switch (status) {
    case "pending":
      if (row.live_reason !== null) return JSON.parse(row.live_reason);
      return row.ready_at !== null && row.ready_at > context.clock.now()
        ? { code: "scheduled", until: row.ready_at }
        : { code: "queued" };
    case "running":
      return { code: "running", worker: row.worker };
    case "waiting": {
      const slot = slotReason(context, row.no);
      if (slot !== null) return slot;
      const reasons = readWaits(context, row.no)
        .slice(0, 10)
        .map((wait): Reason => {
          switch (wait.kind) {
            case "event":
              return {
                code: "event",
                step: wait.key,
                name: wait.name ?? "",
                match: wait.match === null ? null : JSON.parse(wait.match),
                since: wait.since,
                until: wait.dueAt,
              };
            case "child":
              return { code: "child", step: wait.key, run: wait.name ?? "", since: wait.since };
            case "retry":
              return retryReason(wait);
            default:
              return { code: "timer", step: wait.key, until: wait.dueAt };
          }
        });
      const [only] = reasons;
      return reasons.length === 1 && only !== undefined ? only : { code: "several", reasons };
    }
    case "suspended":
      return row.live_reason === null ? null : JSON.parse(row.live_reason);
    case "compensating": {
      const retry = readWaits(context, row.no).find((wait) => wait.kind === "retry");
      if (retry !== undefined) return retryReason(retry);
      const compensation = JSON.parse(row.compensation ?? "{}") as Compensation;
      const because = compensation.end === "failed" ? compensation.error.message : null;
      return { code: "compensating", end: compensation.end, error: because };
    }
    case "failed": {
      if (row.reason !== null) return JSON.parse(row.reason);
      const error = context.payloads.whole(row.no, "error", row.error);
      const message = error === null ? "" : (JSON.parse(error) as { message: string }).message;
      return { code: "error", step: row.step, error: message };
    }
    case "cancelled":
      return row.reason === null ? null : JSON.parse(row.reason);
    default:
      return null;
  }
}

function detail(context: Context, row: ListRow): RunDetail {
  const run = row.no;
  const more = context.db.get<{ input: string | null; output: string | null; fence: number; steps: number }>(
    "select input, output, fence, (select count(*) from steps where run = runs.no) as steps from runs where no = ?",
    run,
  );
  return {
    row: toRun(context, row),
    mark: { fence: row.live_fence ?? more?.fence ?? 0, round: row.round },
    isHeld: row.state === state.leased,
    compensation: row.compensation === null ? null : JSON.parse(row.compensation),
    input: more?.input ?? null,
    output: more?.output ?? null,
    entries: readEntries(context, run, 0, detailSteps, false),
    entryCount: more?.steps ?? 0,
    attempts: readAttempts(context, run),
    waits: readWaits(context, run),
    arrivals: readArrivals(context, run),
    shows: context.db.all("select key, attempt, progress, note, since as startedAt from shows where run = ?", run),
    children: context.db
      .all<{ id: string; parent_key: string; ended: RunStatus | null; state: number | null; undoing: number }>(
        "select r.id, r.parent_key, r.ended, l.state, l.compensation is not null as undoing from runs r left join live l on l.run = r.no where r.parent = ? order by r.no limit 200",
        run,
      )
      .map((child) => ({
        id: child.id,
        key: child.parent_key,
        status: child.ended ?? statusOfState(child.state ?? 0, child.undoing === 1),
      })),
  };
}

/** The oldest and the newest of a cause stand at the ends of its index. */
function toGroup(context: Context, { fingerprint, n }: { fingerprint: string; n: number }): DeadGroup[] {
  const end = (order: "asc" | "desc") =>
    context.db.get<{
      run: number;
      at: number;
      step: string | null;
      id: string;
      definition: number;
      error: string | null;
    }>(
      `select d.run, d.at, d.step, r.id, r.definition, r.error from dead d join runs r on r.no = d.run
       where d.fingerprint = ? order by d.run ${order} limit 1`,
      fingerprint,
    );
  const [first, last] = [end("asc"), end("desc")];
  if (first === undefined || last === undefined) return [];
  const error = context.payloads.whole(last.run, "error", last.error);
  return [
    {
      fingerprint,
      definition: context.definitions.ref(last.definition).name,
      step: last.step,
      message: error === null ? "" : (JSON.parse(error) as { message: string }).message,
      count: n,
      firstAt: first.at,
      lastAt: last.at,
      sample: last.id,
    },
  ];
}

interface StoredEvent {
  no: number;
  id: string;
  source: string;
  name: string;
  data: string | null;
  is_routed: number;
  matched: number;
  refused: string | null;
  at: number;
}

function toEvent(row: StoredEvent): EventRow {
  return {
    no: row.no,
    id: row.id,
    source: row.source,
    name: row.name,
    data: row.data,
    isRouted: row.is_routed === 1,
    matched: row.matched,
    refused: row.refused === null ? [] : JSON.parse(row.refused),
    at: row.at,
  };
}

/** Who stands before a run in the line of a slot, or null when it stands in none. */
function slotReason(context: Context, run: number): Reason | null {
  const { db } = context;
  const wait = db.get<{ key: string; rank: number; since: number; max: number | null }>(
    "select w.key, w.rank, w.since, k.max from slot_waiters w left join slot_limits k on k.key = w.key where w.run = ?",
    run,
  );
  if (wait === undefined) return null;
  const { key, rank, since, max: limit } = wait;
  const holders = db
    .all<{ id: string }>(
      "select r.id from slots s join runs r on r.no = s.run where s.key = ? order by s.n limit 10",
      key,
    )
    .map((row) => row.id);
  const before = db.get<{ n: number }>(
    "select count(*) as n from (select 1 from slot_waiters where key = ? and (rank, run) < (?, ?) limit 10000)",
    key,
    rank,
    run,
  );
  return { code: "slot", key, limit: limit ?? 0, holders, ahead: before?.n ?? 0, since };
}

function retryReason(wait: Wait): Reason {
  const { key: step, attempt, dueAt, since, name: error } = wait;
  return { code: "retry", step, attempt, until: dueAt ?? since, error };
}

const inNoLine = "not exists (select 1 from slot_waiters w where w.run = r.no)";

/** A run's status from its rows, for counting them anew. */
const statusSql = `coalesce(r.ended, case when l.compensation is not null and l.state <> ${state.suspended} then 'compensating'
  else case l.state ${liveStatuses.map((status, code) => `when ${code} then '${status}'`).join(" ")} else 'pending' end end)`;

/** The invariant of the queue, read from the rows: every run that is not at rest is exactly one of four. */
function findStrays(context: Context): { id: string; problem: string }[] {
  const { db } = context;
  const find = (problem: string, sql: string): { id: string; problem: string }[] =>
    db.all<{ id: string }>(`${sql} limit 100`).map((row) => ({ id: row.id, problem }));
  return [
    ...find(
      "is not at rest and not in the queue",
      "select r.id from runs r left join live l on l.run = r.no where r.ended is null and l.run is null",
    ),
    ...find(
      "is at rest and still in the queue",
      "select r.id from runs r join live l on l.run = r.no where r.ended is not null",
    ),
    ...find(
      "is ready without a ready time",
      `select r.id from runs r join live l on l.run = r.no where l.state = ${state.ready} and l.ready_at is null`,
    ),
    ...find(
      "is leased without a holder",
      `select r.id from runs r join live l on l.run = r.no where l.state = ${state.leased} and l.holder is null`,
    ),
    ...find(
      "has a holder and is not leased",
      `select r.id from runs r join live l on l.run = r.no where l.state <> ${state.leased} and l.holder is not null`,
    ),
    ...find(
      "is parked and nothing can wake it",
      `select r.id from runs r join live l on l.run = r.no where l.state = ${state.parked} and not exists (select 1 from waits w where w.run = r.no)
       and not exists (select 1 from slot_waiters w where w.run = r.no)`,
    ),
    ...find(
      "is parked later than its earliest timer",
      `select r.id from runs r join live l on l.run = r.no where l.state = ${state.parked}
       and coalesce(l.ready_at, 9e15) > (select min(due_at) from waits w where w.run = r.no) and ${inNoLine}`,
    ),
    ...find(
      "is parked over something unread",
      `select r.id from runs r join live l on l.run = r.no where l.state = ${state.parked} and l.ready_at is null
       and exists (select 1 from inbox i where i.run = r.no and i.is_read = 0) and ${inNoLine}`,
    ),
    ...find(
      "is ready to work and lacks a slot",
      `select r.id from runs r join live l on l.run = r.no where l.state = ${state.leased} and l.slots = ${slotState.wanting} and l.deadline_at is null`,
    ),
    ...find(
      "holds a slot and does not work",
      `select r.id from slots s join runs r on r.no = s.run left join live l on l.run = r.no
       where l.run is null or l.state = ${state.suspended} or (l.state = ${state.parked} and s.is_kept = 0)`,
    ),
    ...find(
      "stands in a line and works",
      `select r.id from slot_waiters w join runs r on r.no = w.run left join live l on l.run = r.no where l.run is null or l.state in (${state.leased}, ${state.suspended})`,
    ),
    ...find(
      "stands in the line of a slot that is free",
      `select distinct r.id from slot_waiters w join runs r on r.no = w.run join slot_limits k on k.key = w.key
       where (select count(*) from slots s where s.key = w.key) < k.max`,
    ),
    ...find(
      "failed, is no dead letter and nobody has said why",
      "select r.id from runs r left join dead d on d.run = r.no where r.ended = 'failed' and d.run is null and r.reason is null",
    ),
    ...find(
      "is a dead letter and did not fail",
      "select r.id from dead d join runs r on r.no = d.run where r.ended is not 'failed'",
    ),
    ...find(
      "has a result recorded twice",
      // Only of runs that were never reopened: a reopening voids entries and asks for their keys again.
      "select r.id from steps s join runs r on r.no = s.run where s.key <> '' and s.outcome <> 3 and r.round = 0 group by s.run, s.key having count(*) > 1",
    ),
    ...findMiscounts(context),
    ...findMiscountedHours(context),
    ...find(
      "has another count of dead letters than there are (a cause)",
      `select c.fingerprint as id from causes c where c.count <> (select count(*) from dead d where d.fingerprint = c.fingerprint)
       union all select distinct d.fingerprint from dead d where not exists (select 1 from causes c where c.fingerprint = d.fingerprint)`,
    ),
    ...findStraySchedules(context),
  ];
}

function findMiscounts(context: Context): { id: string; problem: string }[] {
  const key = (definition: number, status: string): string => `${definition} ${status}`;
  const counted = new Map(
    context.db
      .all<{ definition: number; status: string; n: number }>(
        "select definition, status, sum(count) as n from counters group by definition, status",
      )
      .map((row) => [key(row.definition, row.status), row.n]),
  );
  const real = new Map(
    context.db
      .all<{ definition: number; status: string; n: number }>(
        `select r.definition, ${statusSql} as status, count(*) as n from runs r left join live l on l.run = r.no group by 1, 2`,
      )
      .map((row) => [key(row.definition, row.status), row.n]),
  );
  return [...new Set([...counted.keys(), ...real.keys()])]
    .filter((each) => (counted.get(each) ?? 0) !== (real.get(each) ?? 0))
    .map((each) => ({
      id: each,
      problem: `counts ${counted.get(each) ?? 0} runs where there are ${real.get(each) ?? 0}`,
    }));
}

function findMiscountedHours(context: Context): { id: string; problem: string }[] {
  const real = `select definition, 'started' as status, created_at / 3600000 as hour, count(*) as n from runs group by 1, 2, 3
    union all select definition, ended, ended_at / 3600000, count(*) from runs where ended is not null group by 1, 2, 3`;
  return context.db
    .all<{ id: string; counted: number; n: number }>(
      `select definition || ' ' || status || ' ' || hour as id, sum(counted) as counted, sum(n) as n from (
         select definition, status, hour, count as counted, 0 as n from hours
         union all select definition, status, hour, 0, n from (${real})) group by 1 having sum(counted) <> sum(n) limit 100`,
    )
    .map(({ id, counted, n }) => ({ id, problem: `counts ${counted} runs in an hour where there are ${n}` }));
}

/** Size of the log beside the file; 0 for a store in memory. */
function walBytes(context: Context): number {
  const file =
    context.db.get<{ file: string }>("select file from pragma_database_list where name = 'main'")?.file ?? "";
  return file === "" ? 0 : (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);
}

function readStats(context: Context): StoreStats {
  const { db } = context;
  const pages = db.get<{ page_count: number }>("pragma page_count")?.page_count ?? 0;
  const size = db.get<{ page_size: number }>("pragma page_size")?.page_size ?? 0;
  return {
    bytes: pages * size,
    walBytes: walBytes(context),
    now: context.clock.now(),
    schema: db.get<{ user_version: number }>("pragma user_version")?.user_version ?? 0,
    sqlite: db.get<{ v: string }>("select sqlite_version() as v")?.v ?? "",
    oldestReadyAt:
      db.get<{ at: number | null }>(
        "select min(ready_at) as at from live where ready_at is not null and ready_at <= ?",
        context.clock.now(),
      )?.at ?? null,
    workers: db.all(
      `select incarnation, name, started_at as startedAt, expires_at as expiresAt, (select count(*) from live where holder = incarnation) as held
       from workers where is_dead = 0`,
    ),
  };
}
