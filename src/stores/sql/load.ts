import type { Arrival, AttemptRecord, Journal, JournalPart, RecordedEntry, Wait } from "../../kernel/model/journal.ts";
import { kindCode, kindOf, outcomeOf, state } from "./codes.ts";
import type { Context } from "./context.ts";
import { mapWork, type Work } from "./work.ts";

/** Everything that a replay needs, or null if another worker now holds the run. */
export function* loadJournal(context: Context, run: number, fence: number, part: JournalPart): Work<Journal | null> {
  const isHeld = yield* context.db.get(
    `select 1 from live where run = ? and fence = ? and state = ${state.leased}`,
    run,
    fence,
  );
  if (isHeld === undefined) return null;
  const arrivals = yield* readArrivals(context, run);
  if (part !== "all") {
    const waits = part === "open" ? yield* readWaits(context, run) : [];
    return { entries: [], attempts: [], waits, arrivals };
  }
  return {
    entries: yield* readEntries(context, run, 0, Number.MAX_SAFE_INTEGER, true),
    attempts: yield* readAttempts(context, run),
    waits: yield* readWaits(context, run),
    arrivals,
  };
}

interface EntryRow {
  seq: number;
  key: string;
  kind: number;
  outcome: number;
  value: string | null;
  input: string | null;
  attempts: number;
  took_ms: number;
  at: number;
}

/** Entries after `after`. `whole` also reads offloaded values; otherwise their columns contain the mark. */
export function* readEntries(
  context: Context,
  run: number,
  after: number,
  limit: number,
  whole: boolean,
): Work<RecordedEntry[]> {
  return yield* mapWork(
    yield* context.db.all<EntryRow>(
      "select seq, key, kind, outcome, value, input, attempts, took_ms, at from steps where run = ? and seq > ? order by seq limit ?",
      run,
      after,
      limit,
    ),
    function* (row) {
      return {
        seq: row.seq,
        key: row.key,
        kind: kindOf(row.kind),
        outcome: outcomeOf(row.outcome),
        // A reopening is the engine's own entry, and its content is needed.
        value:
          whole || row.kind === kindCode.reopen
            ? yield* context.payloads.whole(run, `step:${row.seq}`, row.value)
            : row.value,
        input: whole ? yield* context.payloads.whole(run, `step-input:${row.seq}`, row.input) : row.input,
        attempts: row.attempts,
        tookMs: row.took_ms,
        at: row.at,
      };
    },
  );
}

export function* readAttempts(context: Context, run: number): Work<AttemptRecord[]> {
  return (yield* context.db.all<{
    key: string;
    number: number;
    round: number;
    charged: number;
    outcome: AttemptRecord["outcome"];
    error: string | null;
    took_ms: number;
    at: number;
  }>(
    "select key, number, round, charged, outcome, error, took_ms, at from attempts where run = ? order by key, number",
    run,
  )).map((row) => ({
    key: row.key,
    number: row.number,
    round: row.round,
    charged: row.charged === 1,
    outcome: row.outcome,
    error: row.error === null ? null : JSON.parse(row.error),
    tookMs: row.took_ms,
    at: row.at,
  }));
}

export function* readWaits(context: Context, run: number): Work<Wait[]> {
  return (yield* context.db.all<{
    key: string;
    kind: Wait["kind"];
    due_at: number | null;
    since: number;
    name: string | null;
    match: string | null;
    attempt: number;
  }>("select key, kind, due_at, since, name, match, attempt from waits where run = ? order by no", run)).map((row) => ({
    key: row.key,
    kind: row.kind,
    dueAt: row.due_at,
    since: row.since,
    name: row.name,
    match: row.match,
    attempt: row.attempt,
  }));
}

/** Unread messages. An event includes its name and data and a child its result, read from their own rows. */
export function* readArrivals(context: Context, run: number): Work<Arrival[]> {
  return yield* mapWork(
    yield* context.db.all<{
      no: number;
      kind: Arrival["kind"];
      ref: string;
      key: string | null;
      body: string | null;
      at: number;
    }>("select no, kind, ref, key, body, at from inbox where run = ? and is_read = 0 order by no", run),
    function* (row) {
      return { id: row.no, kind: row.kind, key: row.key, body: yield* bodyOf(context, row), at: row.at };
    },
  );
}

function* bodyOf(context: Context, row: { kind: string; ref: string; body: string | null }): Work<string | null> {
  if (row.kind === "event") {
    const no = Number(row.ref);
    const event = yield* context.db.get<{ id: string; source: string; name: string; data: string | null; at: number }>(
      "select id, source, name, data, at from events where no = ?",
      no,
    );
    if (event === undefined) return null;
    const data = yield* context.payloads.whole(0, `event:${no}`, event.data);
    const head = JSON.stringify({ id: event.id, source: event.source, name: event.name, at: event.at });
    return data === null ? head : `${head.slice(0, -1)},"data":${data}}`;
  }
  if (row.kind === "child") {
    const child = Number(row.ref.split(":")[0]);
    const run = yield* context.db.get<{
      id: string;
      ended: string | null;
      output: string | null;
      error: string | null;
    }>("select id, ended, output, error from runs where no = ?", child);
    const output = yield* context.payloads.whole(child, "output", run?.output ?? null);
    const error = yield* context.payloads.whole(child, "error", run?.error ?? null);
    return JSON.stringify({ id: run?.id ?? "", status: run?.ended ?? "pending", output, error });
  }
  return row.body;
}
