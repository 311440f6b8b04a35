import type { RunDetail } from "../../kernel/model/detail.ts";
import type { Wait } from "../../kernel/model/journal.ts";
import type { Reason } from "../../kernel/model/reason.ts";
import { type Compensation, type RunRow, readOrigin } from "../../kernel/model/run.ts";
import type { RunStatus } from "../../kernel/model/status.ts";
import type { HourRow, Queries, RunFilter, StoreStats, WorkerRow } from "../../kernel/ports/queries.ts";
import { readArtifact, readManifests, readVersions } from "./artifacts.ts";
import { countBulk, listBulks, readBulk, readBulkItems, readLot } from "./bulks.ts";
import { readGroups, readNewestCauses } from "./causes.ts";
import { livingPart } from "./chains.ts";
import { readCheckup } from "./checkup.ts";
import { kindCode, routing, state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { openChildren } from "./end-run.ts";
import { familyOf } from "./erase.ts";
import {
  eventColumns,
  readEventRuns,
  readEventWaits,
  readHeld,
  readKeyEntries,
  readRoutable,
  type StoredEvent,
  toEvent,
} from "./event-queries.ts";
import { countByStatus } from "./facets.ts";
import { readDeadCount, readEndings, readHourTotals, readLongWaits, readProgress } from "./home.ts";
import { findCounterDrift, findViolations } from "./invariants.ts";
import { readJournal } from "./journal.ts";
import { readArrivals, readAttempts, readEntries, readWaits } from "./load.ts";
import { readRecent } from "./recent.ts";
import { readRunTime } from "./run-time.ts";
import { readFirings, readGaps, readSchedule, readScheduleOf, readSchedules } from "./schedule-queries.ts";
import { countRuns, findRuns } from "./search.ts";
import { readSizes } from "./sizes.ts";
import { readDueTimers } from "./timers.ts";
import { readViews } from "./views.ts";
import { listOf, mapWork, type Value, type Work } from "./work.ts";

type Handlers = {
  readonly [K in keyof Queries]: (context: Context, params: Queries[K]["params"]) => Work<Queries[K]["result"]>;
};

/** Number of steps included in a run's detail. The others are paged. */
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
  steps_done: number;
}

const listColumns = `r.no, r.id, r.definition, r.ended, r.key, r.error, r.reason, r.attributes, r.origin, r.round, r.created_at, r.ended_at, r.continued_as,
  (select p.id from runs p where p.no = r.parent) as parent_id, l.state, l.ready_at, l.fence as live_fence, l.reason as live_reason, coalesce(l.compensation, d.compensation) as compensation,
  (select w.name from workers w where w.incarnation = l.holder) as worker, d.fingerprint, d.step,
  coalesce((select max(s.seq) from steps s where s.run = r.no), 0) as steps_done`;

/** The same SQL text for any number of runs. */
const restLook = 50;
const restQuery = `select run from live where run in (${Array(restLook).fill("?").join(",")})`;

export const queries: Handlers = {
  runs: function* (context, filter) {
    return yield* listRuns(context, filter);
  },
  count: countRuns,
  facets: countByStatus,
  hours: function* (context, { from, to, definition }) {
    return yield* mapWork(
      yield* context.db.all<{ definition: number; status: HourRow["status"]; hour: number; count: number }>(
        `select definition, status, hour, sum(count) as count from hours where hour >= ? and hour < ?
         ${definition === undefined ? "" : `and definition in (${listOf(yield* context.definitions.numbersOf(definition))})`}
         group by hour, definition, status having sum(count) <> 0 order by hour, definition, status`,
        from,
        to,
      ),
      function* (row) {
        return { ...row, definition: yield* context.definitions.ref(row.definition) };
      },
    );
  },
  run: function* (context, { id }) {
    const row = yield* context.db.get<ListRow & Record<string, unknown>>(
      id === "latest"
        ? `select ${listColumns} from runs r left join live l on l.run = r.no left join dead d on d.run = r.no order by r.no desc limit 1`
        : `select ${listColumns} from runs r left join live l on l.run = r.no left join dead d on d.run = r.no where r.id = ?`,
      ...(id === "latest" ? [] : [id]),
    );
    return row === undefined ? null : yield* detail(context, row);
  },
  prefix: function* (context, { id }) {
    return (yield* context.db.all<{ id: string }>(
      "select id from runs where id >= ? and id < ? order by id limit 3",
      id,
      `${id}\u{10FFFF}`,
    )).map((row) => row.id);
  },
  steps: function* (context, { run, after, limit }) {
    return yield* readEntries(context, run, after, limit, false);
  },
  runTime: function* (context, { run }) {
    return yield* readRunTime(context, run);
  },
  reopenings: function* (context, { run }) {
    return yield* mapWork(
      yield* context.db.all<{ seq: number; value: string | null }>(
        "select seq, value from steps where run = ? and kind = ? order by seq",
        run,
        kindCode.reopen,
      ),
      function* ({ seq, value }) {
        return {
          seq,
          reopening: JSON.parse((yield* context.payloads.whole(run, `step:${seq}`, value)) ?? '{"keys":[]}'),
        };
      },
    );
  },
  payload: function* (context, { run, part }) {
    return yield* context.payloads.read(run, part);
  },
  output: function* (context, { run }) {
    const row = yield* context.db.get<{ output: string | null }>("select output from runs where no = ?", run);
    return yield* context.payloads.whole(run, "output", row?.output ?? null);
  },
  atRest: function* (context, { runs }) {
    const live = new Set<number>();
    for (let from = 0; from < runs.length; from += restLook) {
      const some = Array.from({ length: restLook }, (_, i) => runs[from + i] ?? 0);
      for (const { run } of yield* context.db.all<{ run: number }>(restQuery, ...some)) live.add(run);
    }
    return runs.filter((run) => !live.has(run));
  },
  bulk: readBulk,
  bulks: function* (context, { before, limit }) {
    return yield* listBulks(context, before, limit);
  },
  bulkMatch: countBulk,
  bulkItems: readBulkItems,
  bulkLot: readLot,
  child: function* ({ db }, { parent, key }) {
    const child = yield* db.get<{ id: string }>("select id from runs where parent = ? and parent_key = ?", parent, key);
    const join = yield* db.get("select 1 from joins where waiter = ? and key = ?", parent, key);
    return { id: child?.id ?? null, isJoined: child === undefined && join !== undefined };
  },
  liveFamily: function* (context, { runs }) {
    return (yield* familyOf(context, runs)).filter(({ ended }) => ended === null).map(({ id }) => id);
  },
  liveChildren: function* ({ db }, { run }) {
    const chain = (yield* db.get<{ chain: number | null }>("select chain from runs where no = ?", run))?.chain ?? run;
    return (yield* db.get<{ n: number }>(`select count(*) as n from (${openChildren}) c`, chain, chain))?.n ?? 0;
  },
  logs: function* (context, { run, after, limit }) {
    return yield* context.db.all(
      "select no, key, level, message, data, at from logs where run = ? and no > ? order by no limit ?",
      run,
      after,
      limit,
    );
  },
  history: function* (context, { run }) {
    return yield* context.db.all("select at, kind, detail from history where run = ? order by no limit 1000", run);
  },
  audit: function* (context, { run, before, limit }) {
    return yield* context.db.all(
      `select no, run_id as run, schedule, actor, verb, why, detail, at from audit where ${run === null ? "cast(? as text) is null" : "run = ?"} and no < ? order by no desc limit ?`,
      run,
      before ?? Number.MAX_SAFE_INTEGER,
      limit,
    );
  },
  counts: function* (context) {
    return yield* mapWork(
      yield* context.db.all<{ definition: number; status: RunStatus; n: number }>(
        "select definition, status, sum(count) as n from counters group by definition, status having sum(count) <> 0",
      ),
      function* (row) {
        return { definition: yield* context.definitions.ref(row.definition), status: row.status, count: row.n };
      },
    );
  },
  deadLetters: function* (context, filter) {
    const where: string[] = ["d.run < ?"];
    const params: Value[] = [filter.before ?? Number.MAX_SAFE_INTEGER];
    if (filter.fingerprint !== undefined) {
      where.push("d.fingerprint = ?");
      params.push(filter.fingerprint);
    }
    if (filter.definition !== undefined)
      where.push(`r.definition in (${listOf(yield* context.definitions.numbersOf(filter.definition))})`);
    return yield* mapWork(
      yield* context.db.all<ListRow>(
        `select ${listColumns} from dead d join runs r on r.no = d.run left join live l on l.run = r.no where ${where.join(" and ")} order by d.run desc limit ?`,
        ...params,
        filter.limit,
      ),
      function* (row) {
        return yield* toRun(context, row);
      },
    );
  },
  deadGroups: readGroups,
  newestCauses: readNewestCauses,
  deadCount: readDeadCount,
  hourTotals: readHourTotals,
  endings: readEndings,
  longWaits: readLongWaits,
  progress: readProgress,
  runsOf: function* (context, { runs }) {
    return yield* readRuns(context, runs);
  },
  events: function* (context, { name, before, limit }) {
    return (yield* context.db.all<StoredEvent>(
      `select ${eventColumns} from events where ${name === null ? "cast(? as text) is null" : "name = ?"} and no < ? order by no desc limit ?`,
      name,
      before ?? Number.MAX_SAFE_INTEGER,
      limit,
    )).map(toEvent);
  },
  event: function* (context, { no }) {
    const row = yield* context.db.get<StoredEvent & Record<string, unknown>>(
      `select ${eventColumns} from events where no = ?`,
      no,
    );
    return row === undefined
      ? null
      : toEvent({ ...row, data: yield* context.payloads.whole(0, `event:${no}`, row.data) });
  },
  eventRuns: readEventRuns,
  eventWaits: readEventWaits,
  keyEntries: readKeyEntries,
  unrouted: function* (context, { limit }) {
    return yield* mapWork(
      yield* context.db.all<StoredEvent>(
        `select ${eventColumns} from events where is_routed = ${routing.waiting} order by no limit ?`,
        limit,
      ),
      function* (row) {
        return toEvent({ ...row, data: yield* context.payloads.whole(0, `event:${row.no}`, row.data) });
      },
    );
  },
  routable: readRoutable,
  heldEvents: readHeld,
  definitions: function* (context) {
    return yield* context.definitions.all();
  },
  versions: function* (context, { name }) {
    return yield* readVersions(context, name);
  },
  recent: readRecent,
  artifact: function* (context, { hash }) {
    return yield* readArtifact(context, hash);
  },
  manifests: function* (context, { keyIds }) {
    return yield* readManifests(context, keyIds);
  },
  journal: function* (context, { run }) {
    return yield* readJournal(context, run);
  },
  schedules: readSchedules,
  schedule: readSchedule,
  scheduleOf: readScheduleOf,
  fires: readFirings,
  fireGaps: readGaps,
  dueTimers: readDueTimers,
  views: readViews,
  violations: function* (context) {
    return yield* findViolations(context);
  },
  counterDrift: function* (context) {
    return yield* findCounterDrift(context);
  },
  checkup: readCheckup,
  sizes: readSizes,
  now: function* ({ clock }) {
    return { now: clock.now() };
  },
  stats: function* (context) {
    return yield* readStats(context);
  },
};

function* listRuns(context: Context, filter: RunFilter): Work<readonly RunRow[]> {
  return yield* readRuns(context, yield* findRuns(context, filter));
}

function* readRuns(context: Context, numbers: readonly number[]): Work<readonly RunRow[]> {
  if (numbers.length === 0) return [];
  return yield* mapWork(
    yield* context.db.all<ListRow>(
      `select ${listColumns} from runs r left join live l on l.run = r.no left join dead d on d.run = r.no
       where r.no in (${listOf(numbers)}) order by r.no desc`,
    ),
    function* (row) {
      return yield* toRun(context, row);
    },
  );
}

function* toRun(context: Context, row: ListRow): Work<RunRow> {
  const status: RunStatus = row.ended ?? statusOfState(row.state ?? 0, row.compensation !== null);
  const error = yield* context.payloads.whole(row.no, "error", row.error);
  return {
    no: row.no,
    id: row.id,
    definition: yield* context.definitions.ref(row.definition),
    status,
    reason: yield* reasonOf(context, row, status),
    key: row.key,
    attributes: row.attributes === null ? null : JSON.parse(row.attributes),
    parentId: row.parent_id,
    origin: readOrigin(row.origin),
    round: row.round,
    error: error === null ? null : JSON.parse(error),
    fingerprint: row.fingerprint,
    stepsDone: row.steps_done,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    continuedAs: row.continued_as,
  };
}

/** Derived from the open waits and never stored separately: two sources would eventually disagree. */
function* reasonOf(context: Context, row: ListRow, status: RunStatus): Work<Reason | null> {
  switch (status) {
    case "pending":
      if (row.live_reason !== null) return JSON.parse(row.live_reason);
      return row.ready_at !== null && row.ready_at > context.clock.now()
        ? { code: "scheduled", until: row.ready_at }
        : { code: "queued" };
    case "running":
      return { code: "running", worker: row.worker };
    case "waiting": {
      const slot = yield* slotReason(context, row.no);
      if (slot !== null) return slot;
      const reasons = (yield* readWaits(context, row.no)).slice(0, 10).map((wait): Reason => {
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
      const retry = (yield* readWaits(context, row.no)).find((wait) => wait.kind === "retry");
      if (retry !== undefined) return retryReason(retry);
      const compensation = JSON.parse(row.compensation ?? "{}") as Compensation;
      const because = compensation.end === "failed" ? compensation.error.message : null;
      return { code: "compensating", end: compensation.end, error: because };
    }
    case "failed": {
      if (row.reason !== null) return JSON.parse(row.reason);
      const error = yield* context.payloads.whole(row.no, "error", row.error);
      const message = error === null ? "" : (JSON.parse(error) as { message: string }).message;
      return { code: "error", step: row.step, error: message };
    }
    case "cancelled":
      return row.reason === null ? null : JSON.parse(row.reason);
    default:
      return null;
  }
}

function* detail(context: Context, row: ListRow): Work<RunDetail> {
  const run = row.no;
  const more = yield* context.db.get<{ input: string | null; output: string | null; fence: number; steps: number }>(
    "select input, output, fence, (select count(*) from steps where run = runs.no) as steps from runs where no = ?",
    run,
  );
  return {
    row: yield* toRun(context, row),
    lastPart: row.continued_as === null ? null : yield* lastPart(context, run),
    mark: { fence: row.live_fence ?? more?.fence ?? 0, round: row.round, isOpen: row.ended === null },
    isHeld: row.state === state.leased,
    compensation: row.compensation === null ? null : JSON.parse(row.compensation),
    input: more?.input ?? null,
    output: more?.output ?? null,
    entries: yield* readEntries(context, run, 0, detailSteps, false),
    entryCount: more?.steps ?? 0,
    attempts: yield* readAttempts(context, run),
    waits: yield* readWaits(context, run),
    arrivals: yield* readArrivals(context, run),
    shows: yield* context.db.all(
      "select key, attempt, progress, note, since as startedAt from shows where run = ?",
      run,
    ),
    children: (yield* context.db.all<{
      id: string;
      parent_key: string;
      ended: RunStatus | null;
      state: number | null;
      undoing: number;
    }>(
      "select r.id, coalesce(r.parent_key, r.replaced_key, '') as parent_key, r.ended, l.state, l.compensation is not null as undoing from runs r left join live l on l.run = r.no where r.parent = ? order by r.no limit 200",
      run,
    )).map((child) => ({
      id: child.id,
      key: child.parent_key,
      status: child.ended ?? statusOfState(child.state ?? 0, child.undoing === 1),
    })),
  };
}

function* lastPart(context: Context, run: number): Work<{ no: number; id: string } | null> {
  const no = yield* livingPart(context, run);
  const part = yield* context.db.get<{ id: string }>("select id from runs where no = ?", no);
  return part === undefined ? null : { no, id: part.id };
}

/** The runs that are ahead of a run in the queue for a slot, or null if it is not queued. */
function* slotReason(context: Context, run: number): Work<Reason | null> {
  const { db } = context;
  const wait = yield* db.get<{ key: string; rank: number; since: number; max: number | null }>(
    "select w.key, w.rank, w.since, k.max from slot_waiters w left join slot_limits k on k.key = w.key where w.run = ?",
    run,
  );
  if (wait === undefined) return null;
  const { key, rank, since, max: limit } = wait;
  const holders = (yield* db.all<{ id: string }>(
    "select r.id from slots s join runs r on r.no = s.run where s.key = ? order by s.n limit 10",
    key,
  )).map((row) => row.id);
  const before = yield* db.get<{ n: number }>(
    "select count(*) as n from (select 1 from slot_waiters where key = ? and (rank, run) < (?, ?) limit 10000) before",
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

function* readStats(context: Context): Work<StoreStats> {
  const { db } = context;
  return {
    bytes: (yield* context.facts.bytes()).bytes,
    walBytes: yield* context.facts.walBytes(),
    now: context.clock.now(),
    schema: yield* context.facts.schema(),
    sqlite: yield* context.facts.version(),
    oldestReadyAt:
      (yield* db.get<{ at: number | null }>(
        "select min(ready_at) as at from live where ready_at is not null and ready_at <= ?",
        context.clock.now(),
      ))?.at ?? null,
    workers: (yield* db.all<Omit<WorkerRow, "queues"> & { queues: string | null }>(
      `select incarnation, name, version, slots, queues, started_at as startedAt, coalesce(seen_at, started_at) as seenAt, expires_at as expiresAt,
         (select count(*) from live where holder = incarnation) as held
       from workers where is_dead = 0 order by started_at, name limit 1000`,
    )).map((row) => ({ ...row, queues: row.queues === null ? null : JSON.parse(row.queues) })),
  };
}
