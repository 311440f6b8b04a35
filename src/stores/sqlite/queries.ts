import type { RunDetail } from "../../kernel/model/detail.ts";
import type { Wait } from "../../kernel/model/journal.ts";
import type { Reason } from "../../kernel/model/reason.ts";
import type { Compensation, RunRow } from "../../kernel/model/run.ts";
import type { RunStatus } from "../../kernel/model/status.ts";
import type { DeadGroup, EventRow, HourRow, Queries, RunFilter, StoreStats } from "../../kernel/ports/queries.ts";
import { readArtifact, readManifests, readVersions } from "./artifacts.ts";
import { countBulk, listBulks, readBulk, readBulkItems, readLot } from "./bulks.ts";
import { readCheckup } from "./checkup.ts";
import { kindCode, state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import type { Value } from "./database.ts";
import { fileBytes, walBytes } from "./file-bytes.ts";
import { readJournal } from "./journal.ts";
import { readArrivals, readAttempts, readEntries, readWaits } from "./load.ts";
import { readFires, readGaps, readSchedule, readScheduleOf, readSchedules } from "./schedule-queries.ts";
import { countRuns, findRuns } from "./search.ts";
import { readSizes } from "./sizes.ts";
import { findMiscounts, findStrays } from "./strays.ts";
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
      `select no, run_id as run, schedule, actor, verb, why, detail, at from audit where ${run === null ? "? is null" : "run = ?"} and no < ? order by no desc limit ?`,
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
  miscounts: (context) => findMiscounts(context),
  checkup: readCheckup,
  sizes: readSizes,
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

function readStats(context: Context): StoreStats {
  const { db } = context;
  return {
    bytes: fileBytes(context).bytes,
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
