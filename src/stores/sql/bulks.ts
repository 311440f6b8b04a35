import type { Audit } from "../../kernel/model/audit.ts";
import type {
  BulkItem,
  BulkOutcomeOf,
  BulkRequest,
  BulkRow,
  BulkStatus,
  BulkTransition,
  BulkVerb,
  LotState,
} from "../../kernel/model/bulk.ts";
import { StoreError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { liveStatuses, state } from "./codes.ts";
import type { Context } from "./context.ts";
import { setTimer } from "./timers.ts";
import { listOf, mapWork, type Value, type Work } from "./work.ts";

/** Changes a bulk operation. Repeated calls have no further effect. */
export function* applyBulk(context: Context, act: BulkTransition, at: number): Work<BulkOutcomeOf> {
  switch (act.act) {
    case "create":
      return yield* create(context, act.id, act.request, act.audit, at);
    case "note":
      yield* context.db.run(
        "update bulk_runs set outcome = 'refused', detail = ?, at = ? where bulk = ? and place = ? and outcome is null",
        act.detail,
        at,
        act.bulk,
        act.place,
      );
      return yield* done(context, act.bulk, at);
    case "go-on": {
      const { changes } = yield* context.db.run(
        "update bulks set stage = ? where no = ? and stage = ? and ended_at is null",
        act.stage,
        act.bulk,
        act.fromStage,
      );
      if (changes === 0) return { ok: false, why: "stale" };
      yield* setTimer(context, "bulk", act.bulk, at + act.inMs);
      return yield* done(context, act.bulk, at);
    }
    case "end":
      return yield* end(context, act, at);
  }
}

function* done(context: Context, no: number, at: number): Work<BulkOutcomeOf> {
  const row = yield* context.db.get<{ id: string; total: number }>("select id, total from bulks where no = ?", no);
  return row === undefined ? { ok: false, why: "stale" } : { ok: true, at, bulk: no, id: row.id, total: row.total };
}

/** Selects the runs once, oldest first. Runs that match later are not included. */
function* create(context: Context, id: string, request: BulkRequest, audit: Audit, at: number): Work<BulkOutcomeOf> {
  const { db } = context;
  const known = yield* db.get<{ no: number }>("select no from bulks where id = ?", id);
  if (known !== undefined) return yield* done(context, known.no, at);
  const no = yield* db.insert(
    "insert into bulks (id, request, actor, why, status, stage, total, created_at) values (?, ?, ?, ?, 'running', 0, 0, ?)",
    id,
    JSON.stringify(request),
    audit.actor,
    audit.why,
    at,
  );
  const { sql, params } = yield* matching(context, request);
  const { changes: total } = yield* db.run(
    `insert into bulk_runs (bulk, place, run) select ${no}, row_number() over (order by r.no), r.no ${sql} limit ?`,
    ...params,
    defaults.bulkMax + 1,
  );
  if (total > defaults.bulkMax) {
    throw new StoreError(
      "too-large",
      `more than ${defaults.bulkMax} runs match, which is the limit of a bulk operation`,
      {
        hint: "narrow the filter, and process the rest afterwards",
      },
    );
  }
  yield* db.run("update bulks set total = ? where no = ?", total, no);
  yield* setTimer(context, "bulk", no, at);
  yield* keepAudit(context, id, audit, at);
  return { ok: true, at, bulk: no, id, total };
}

function* end(context: Context, act: Extract<BulkTransition, { act: "end" }>, at: number): Work<BulkOutcomeOf> {
  const { db } = context;
  const { changes } = yield* db.run(
    "update bulks set status = ?, detail = ?, ended_at = ? where no = ? and ended_at is null",
    act.status,
    act.detail,
    at,
    act.bulk,
  );
  if (changes === 0) return { ok: false, why: "stale" };
  yield* db.run("update bulk_runs set outcome = 'left' where bulk = ? and outcome is null", act.bulk);
  yield* setTimer(context, "bulk", act.bulk, null);
  const outcome = yield* done(context, act.bulk, at);
  if (act.audit !== null && outcome.ok) yield* keepAudit(context, outcome.id, act.audit, at);
  return outcome;
}

function* keepAudit(context: Context, id: string, { actor, verb, why }: Audit, at: number): Work<void> {
  yield* context.db.run(
    "insert into audit (run, run_id, actor, verb, why, at) values (null, ?, ?, ?, ?, ?)",
    id,
    actor,
    verb,
    why,
    at,
  );
}

/** Whether this bulk operation has already processed the run. It is never processed twice, by any worker. */
export function* isBulkDone(context: Context, { no, place }: { no: number; place: number }): Work<boolean> {
  const row = yield* context.db.get<{ open: number }>(
    `select r.outcome is null and b.ended_at is null as open from bulk_runs r join bulks b on b.no = r.bulk where r.bulk = ? and r.place = ?`,
    no,
    place,
  );
  return !context.safeguards.isBulkTurn(row?.open === 1);
}

export function* markBulkDone(context: Context, { no, place }: { no: number; place: number }, at: number): Work<void> {
  yield* context.db.run("update bulk_runs set outcome = 'done', at = ? where bulk = ? and place = ?", at, no, place);
}

// --- Reading ------------------------------------------------------------------------------------------------------------

/** Candidate runs of each action. Whether an action applies to a run is decided run by run. */
const eligible: Readonly<Record<BulkVerb, string>> = {
  redrive: "from dead d join runs r on r.no = d.run where true",
  dismiss: "from dead d join runs r on r.no = d.run where true",
  resume: `from live l join runs r on r.no = l.run where l.state = ${state.suspended}`,
  retry: `from live l join runs r on r.no = l.run where l.state = ${state.parked}`,
  cancel: "from live l join runs r on r.no = l.run where true",
  suspend: `from live l join runs r on r.no = l.run where l.state <> ${state.suspended}`,
  compensate: `from runs r where r.no in (select run from dead union all select run from live where state = ${state.suspended})`,
};

function* matching(context: Context, { verb, filter }: BulkRequest): Work<{ sql: string; params: Value[] }> {
  const parts = [eligible[verb]];
  const params: Value[] = [];
  const add = (part: string, ...values: Value[]): void => {
    parts.push(`and ${part}`);
    params.push(...values);
  };
  const { fingerprint, name, status, key, createdFrom, createdTo } = filter;
  if (fingerprint !== undefined) add("r.no in (select run from dead where fingerprint = ?)", fingerprint);
  if (name !== undefined) add(`r.definition in (${listOf(yield* context.definitions.numbersOf(name))})`);
  if (key !== undefined) add("r.key = ?", key);
  if (createdFrom !== undefined) add("r.created_at >= ?", createdFrom);
  if (createdTo !== undefined) add("r.created_at < ?", createdTo);
  if (status === "failed") add("r.ended = 'failed'");
  else if (status !== undefined)
    add("exists (select 1 from live s where s.run = r.no and s.state = ?)", liveStatuses.indexOf(status));
  return { sql: parts.join(" "), params };
}

/** Counts the runs that the operation would affect, with a sample of their IDs. */
export function* countBulk(context: Context, request: BulkRequest): Work<{ total: number; sample: readonly string[] }> {
  const { sql, params } = yield* matching(context, request);
  const total = (yield* context.db.get<{ n: number }>(`select count(*) as n ${sql}`, ...params))?.n ?? 0;
  const sample = yield* context.db.all<{ id: string }>(`select r.id ${sql} order by r.no limit 5`, ...params);
  return { total, sample: sample.map((row) => row.id) };
}

interface StoredBulk {
  no: number;
  id: string;
  request: string;
  actor: string;
  why: string | null;
  status: BulkStatus;
  stage: number;
  total: number;
  detail: string | null;
  created_at: number;
  ended_at: number | null;
}

export function* readBulk(context: Context, by: { no: number } | { id: string }): Work<BulkRow | null> {
  const column = "no" in by ? "no" : "id";
  const row = yield* context.db.get<StoredBulk & Record<string, unknown>>(
    `select * from bulks where ${column} = ?`,
    "no" in by ? by.no : by.id,
  );
  return row === undefined ? null : yield* toBulk(context, row);
}

export function* listBulks(context: Context, before: number | null, limit: number): Work<readonly BulkRow[]> {
  return yield* mapWork(
    yield* context.db.all<StoredBulk>(
      "select * from bulks where no < ? order by no desc limit ?",
      before ?? Number.MAX_SAFE_INTEGER,
      limit,
    ),
    function* (row) {
      return yield* toBulk(context, row);
    },
  );
}

function* toBulk(context: Context, row: StoredBulk): Work<BulkRow> {
  const counts = { done: 0, refused: 0, left: 0 };
  for (const { outcome, n } of yield* context.db.all<{ outcome: keyof typeof counts; n: number }>(
    "select outcome, count(*) as n from bulk_runs where bulk = ? and outcome is not null group by outcome",
    row.no,
  ))
    counts[outcome] = n;
  const { no, id, actor, why, status, stage, total, detail } = row;
  return {
    no,
    id,
    actor,
    why,
    status,
    stage,
    total,
    detail,
    counts,
    request: JSON.parse(row.request),
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

export function* readBulkItems(
  context: Context,
  { bulk, upTo, limit }: { bulk: number; upTo: number; limit: number },
): Work<readonly BulkItem[]> {
  return yield* context.db.all(
    `select b.place, r.id as run from bulk_runs b join runs r on r.no = b.run
     where b.bulk = ? and b.outcome is null and b.place <= ? order by b.place limit ?`,
    bulk,
    Math.min(upTo, Number.MAX_SAFE_INTEGER),
    limit,
  );
}

/**
 * A run that waits for its next attempt may still fail again, so it is open. A run that waits for anything else has got
 * past its failure. A run whose compensation has ended is no longer a dead letter.
 */
export function* readLot(
  context: Context,
  { bulk, from, upTo }: { bulk: number; from: number; upTo: number },
): Work<LotState> {
  const rows = yield* context.db.all<{ id: string; error: string | null; failed: number; open: number }>(
    `select r.id, r.error, coalesce(d.run is not null or l.state = ${state.suspended}, 0) as failed,
       l.run is not null and (l.state in (${state.ready}, ${state.leased})
         or exists (select 1 from waits w where w.run = r.no and w.kind = 'retry')
         or exists (select 1 from slot_waiters w where w.run = r.no)) as open
     from bulk_runs b join runs r on r.no = b.run left join live l on l.run = r.no left join dead d on d.run = r.no
     where b.bulk = ? and b.place > ? and b.place <= ? and b.outcome = 'done'`,
    bulk,
    from,
    Math.min(upTo, Number.MAX_SAFE_INTEGER),
  );
  const failed = rows.filter((row) => row.failed === 1);
  const [first] = failed;
  const error = first?.error == null ? "" : (JSON.parse(first.error) as { message?: string }).message;
  return {
    total: rows.length,
    failed: failed.length,
    open: rows.filter((row) => row.open === 1 && row.failed === 0).length,
    sample: first === undefined ? null : { run: first.id, error: error ?? "" },
  };
}
