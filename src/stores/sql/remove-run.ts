import type { RestStatus } from "../../kernel/model/status.ts";
import { removeChain } from "./chains.ts";
import type { Context } from "./context.ts";
import { removeDeadLetter } from "./dead.ts";
import type { Work } from "./work.ts";

/** All tables with rows of a run. After it is removed, none of them has any. */
const ownedTables = [
  "steps",
  "attempts",
  "waits",
  "logs",
  "shows",
  "history",
  "run_attributes",
  "error_words",
  "bulk_runs",
] as const;

/**
 * A part of a chain leaves behind which events it has received, as long as the chain may still receive them: no later
 * part receives them again.
 */
function* removeInbox(context: Context, run: number, chain: number | null): Work<void> {
  const { db } = context;
  if (chain === null) yield* db.run("delete from inbox where run = ?", run);
  else {
    yield* db.run(
      `delete from inbox where run = ? and not (kind = 'event' and exists (select 1 from events e where e.no = case when inbox.kind = 'event' then cast(inbox.ref as bigint) end))`,
      run,
    );
  }
  yield* removeChain(context, chain ?? run);
}

/** Removes an ended run with all its rows, and updates the counters. Audit records of people's actions stay. */
export function* removeRun(
  context: Context,
  run: { no: number; definition: number; ended: RestStatus; created_at: number; ended_at: number },
): Work<void> {
  const { db, counters } = context;
  const { no, definition, ended } = run;
  for (const table of ownedTables) yield* db.run(`delete from ${table} where run = ?`, no);
  yield* db.run("delete from joins where waiter = ?", no);
  yield* db.run("delete from joins where waiter = 0 and run = ?", no);
  const row = yield* db.get<{ chain: number | null }>("select chain from runs where no = ?", no);
  yield* context.payloads.dropAll(no);
  yield* context.numbers.removed(no);
  yield* removeDeadLetter(context, no);
  yield* db.run("delete from runs where no = ?", no);
  yield* removeInbox(context, no, row?.chain ?? null);
  counters.move(definition, ended, null);
  counters.hour(definition, "started", run.created_at, -1);
  counters.hour(definition, ended, run.ended_at, -1);
}
