import type { EraseOutcome, EraseRuns } from "../../kernel/model/life.ts";
import type { RestStatus } from "../../kernel/model/status.ts";
import { auditMany } from "./audit.ts";
import type { Context } from "./context.ts";
import { hashOf } from "./files.ts";
import { removeRun } from "./remove-run.ts";
import { filterWork, mapWork, type Work } from "./work.ts";

interface ErasedRun {
  no: number;
  id: string;
  definition: number;
  ended: RestStatus | null;
  created_at: number;
  ended_at: number;
  start_event: number | null;
  chain: number | null;
}

/**
 * Removes runs with all parts of their chains, their children and with the data that only they have left: events that no other run has consumed,
 * idempotency keys, entries in debounce windows, batches and bulk operations, and reasons that people gave. All or
 * nothing: if one run has not ended, nothing is removed. The audit record names no person: it has IDs, counts and the
 * hash of the key.
 */
export function* eraseRuns(context: Context, act: EraseRuns, at: number): Work<EraseOutcome> {
  const runs = yield* familyOf(context, act.runs);
  const live = runs.find((run) => run.ended === null);
  if (live !== undefined) return { ok: false, why: "live", run: live.id };
  const atRest = runs.flatMap(({ ended, ...run }) => (ended === null ? [] : [{ ...run, ended }]));
  const files = yield* filesOf(context, runs);
  const events = yield* eventsOf(context, runs);
  for (const run of atRest) {
    yield* removeTraces(context, run);
    yield* removeRun(context, run);
  }
  const erasedEvents = (yield* filterWork(events, function* (event) {
    return yield* removeEvent(context, event);
  })).length;
  const hash = act.key === null ? null : hashOf(Buffer.from(act.key));
  if (act.key !== null && hash !== null) yield* hideKey(context, act.key, hash);
  const unused = yield* filterWork(files, function* (hash) {
    return yield* forgetFile(context, hash);
  });
  context.erased.push(...unused);
  const erased = { runs: runs.length, events: erasedEvents, files: unused.length };
  yield* auditMany(context, act.audit, { ...erased, ...(hash === null ? { ids: act.runs } : { keySha256: hash }) }, at);
  return { ok: true, at, erased, isScrubbed: true };
}

/** The runs with all parts of their chains and all descendants. */
export function* familyOf({ db }: Context, ids: readonly string[]): Work<readonly ErasedRun[]> {
  const columns = "no, id, definition, ended, created_at, ended_at, start_event, chain";
  const found = new Map<number, ErasedRun>();
  const open: ErasedRun[] = (yield* mapWork(ids, function* (id) {
    return yield* db.all<ErasedRun & Record<string, unknown>>(`select ${columns} from runs where id = ?`, id);
  })).flat();
  for (let run = open.pop(); run !== undefined; run = open.pop()) {
    if (found.has(run.no)) continue;
    found.set(run.no, run);
    open.push(
      ...(yield* db.all<ErasedRun & Record<string, unknown>>(
        `select ${columns} from runs where parent = ?1
         union all select ${columns} from runs where no = ?2 or chain = ?2`,
        run.no,
        run.chain ?? run.no,
      )),
    );
  }
  return [...found.values()];
}

function* filesOf({ db }: Context, runs: readonly ErasedRun[]): Work<readonly string[]> {
  const hashes = (yield* mapWork(runs, function* ({ no }) {
    return (yield* db.all<{ file: string }>("select file from payloads where run = ? and file is not null", no)).map(
      (row) => row.file,
    );
  })).flat();
  return [...new Set(hashes)];
}

interface Consumed {
  no: number;
  /** How many of these runs the event has reached. */
  times: number;
}

function* eventsOf({ db }: Context, runs: readonly ErasedRun[]): Work<readonly Consumed[]> {
  const numbers = (yield* mapWork(runs, function* ({ no, start_event }) {
    return [
      ...(start_event === null ? [] : [start_event]),
      ...(yield* db.all<{ ref: string }>("select ref from inbox where run = ? and kind = 'event'", no)).map((row) =>
        Number(row.ref),
      ),
    ];
  })).flat();
  return [...Map.groupBy(numbers, (no) => no)].map(([no, same]) => ({ no, times: same.length }));
}

/** False: another run has consumed it too, so its count is only reduced. */
function* removeEvent(context: Context, { no, times }: Consumed): Work<boolean> {
  const { db } = context;
  const row = yield* db.get<{ matched: number; is_routed: number }>(
    "select matched, is_routed from events where no = ?",
    no,
  );
  if (row === undefined) return false;
  if (row.matched > times || row.is_routed === 0) {
    yield* db.run(
      "update events set matched = case when matched > ?1 then matched - ?1 else 0 end where no = ?2",
      times,
      no,
    );
    return false;
  }
  yield* db.run("delete from event_keys where event = ?", no);
  const files = yield* db.all<{ file: string }>(
    "select file from payloads where run = 0 and slot = ? and file is not null",
    `event:${no}`,
  );
  yield* context.payloads.drop(0, `event:${no}`);
  yield* db.run("delete from events where no = ?", no);
  for (const { file } of files) if (yield* forgetFile(context, file)) context.erased.push(file);
  return true;
}

function* removeTraces({ db }: Context, run: Pick<ErasedRun, "no" | "created_at" | "ended_at">): Work<void> {
  const { no, created_at, ended_at } = run;
  // A key is stored when its run starts, or while other starts are merged into it, so the time range replaces an index
  // by run.
  yield* db.run("delete from idempotency where at between ? and ? and run = ?", created_at, ended_at, no);
  yield* db.run("delete from gathers where run = ?", no);
  yield* db.run("update audit set why = null where run = ?", no);
}

/** Hides the key in bulk operations that filter by it. */
function* hideKey({ db }: Context, text: string, hash: string): Work<void> {
  for (const { no, request } of yield* db.all<{ no: number; request: string }>("select no, request from bulks")) {
    const read = JSON.parse(request) as { filter?: { key?: string } };
    if (read.filter?.key !== text) continue;
    const hidden = JSON.stringify({ ...read, filter: { ...read.filter, key: hash } });
    yield* db.run("update bulks set request = ? where no = ?", hidden, no);
  }
}

function* forgetFile({ db }: Context, hash: string): Work<boolean> {
  return (
    (yield* db.run(
      "delete from payload_files where hash = ? and not exists (select 1 from payloads p where p.file = payload_files.hash)",
      hash,
    )).changes > 0
  );
}
