import type { RestStatus } from "../../kernel/model/status.ts";
import type { Context } from "./context.ts";
import { removeDeadLetter } from "./dead.ts";
import type { Work } from "./work.ts";

/** All tables with rows of a run. After it is removed, none of them has any. */
const ownedTables = [
  "steps",
  "attempts",
  "waits",
  "inbox",
  "logs",
  "shows",
  "history",
  "run_attributes",
  "error_words",
  "bulk_runs",
] as const;

/** Removes an ended run with all its rows, and updates the counters. Audit records of people's actions stay. */
export function* removeRun(
  context: Context,
  run: { no: number; definition: number; ended: RestStatus; created_at: number; ended_at: number },
): Work<void> {
  const { db, counters } = context;
  const { no, definition, ended } = run;
  for (const table of ownedTables) yield* db.run(`delete from ${table} where run = ?`, no);
  yield* context.payloads.dropAll(no);
  yield* context.numbers.removed(no);
  yield* removeDeadLetter(context, no);
  yield* db.run("delete from runs where no = ?", no);
  counters.move(definition, ended, null);
  counters.hour(definition, "started", run.created_at, -1);
  counters.hour(definition, ended, run.ended_at, -1);
}
