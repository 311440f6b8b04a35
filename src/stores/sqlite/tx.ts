import { constants } from "node:sqlite";
import { BatonError } from "../../kernel/model/errors.ts";
import type { Value } from "../sql/work.ts";
import type { Database } from "./database.ts";

/** Baton's own tables. The user's transaction may not even read them, since their schema is not an API. */
const ownTables = new Set([
  "definitions",
  "runs",
  "live",
  "dead",
  "steps",
  "attempts",
  "waits",
  "chains",
  "chain_marks",
  "joins",
  "inbox",
  "events",
  "event_shapes",
  "event_keys",
  "payloads",
  "idempotency",
  "logs",
  "shows",
  "history",
  "audit",
  "counters",
  "workers",
  "clock",
  "schedules",
  "fires",
  "fire_gaps",
  "timers",
  "bulks",
  "bulk_runs",
  "artifacts",
  "manifests",
  "slots",
  "slot_limits",
  "slot_waiters",
  "rates",
  "rate_marks",
  "throttle_places",
  "gathers",
  "hours",
  "causes",
  "run_attributes",
  "error_words",
  "payload_files",
  "mends",
  "saved_views",
  "migrations",
]);

const denied = new Set<number>([
  constants.SQLITE_ATTACH,
  constants.SQLITE_DETACH,
  constants.SQLITE_PRAGMA,
  constants.SQLITE_TRANSACTION,
  constants.SQLITE_SAVEPOINT,
]);

/** Actions with the table as the second argument, after the name of the database, index or trigger. */
const tableIsSecond = new Set<number>([
  constants.SQLITE_ALTER_TABLE,
  constants.SQLITE_CREATE_INDEX,
  constants.SQLITE_CREATE_TEMP_INDEX,
  constants.SQLITE_CREATE_TRIGGER,
  constants.SQLITE_CREATE_TEMP_TRIGGER,
  constants.SQLITE_DROP_INDEX,
  constants.SQLITE_DROP_TEMP_INDEX,
  constants.SQLITE_DROP_TRIGGER,
  constants.SQLITE_DROP_TEMP_TRIGGER,
]);

/**
 * Runs the user's statement under an authorizer: ATTACH is not atomic across files in WAL mode, and only Baton may
 * COMMIT.
 */
export function guardedQuery(db: Database, sql: string, params: readonly Value[]): Record<string, unknown>[] {
  let refusal: string | null = null;
  db.raw.setAuthorizer((action, first, second) => {
    const table = (tableIsSecond.has(action) ? second : first)?.toLowerCase() ?? "";
    if (denied.has(action))
      refusal = "ATTACH, PRAGMA, BEGIN, COMMIT, ROLLBACK and SAVEPOINT are not allowed inside ctx.tx";
    else if (ownTables.has(table) && action !== constants.SQLITE_FUNCTION)
      refusal = `the table ${table} belongs to Baton`;

    return refusal === null ? constants.SQLITE_OK : constants.SQLITE_DENY;
  });
  try {
    const statement = db.raw.prepare(sql);
    if (!isBlank(sql.slice(statement.sourceSQL.length))) refusal = "db.query takes one statement";
    if (refusal === null) return statement.all(...params) as Record<string, unknown>[];
  } catch (error) {
    if (refusal === null) throw ownFault(error);
  } finally {
    db.raw.setAuthorizer(null);
  }
  throw new BatonError("tx-refused", `ctx.tx: ${refusal}`, { hint: "use db.query, and only on your own tables" });
}

/**
 * `insert or rollback` and triggers can end the transaction. Later statements would be committed without the step's
 * result.
 */
export function refuseEndedTx(db: Database): void {
  if (!db.raw.isTransaction)
    throw new BatonError("tx-failed", "ctx.tx: a statement rolled the transaction back", {
      hint: "use conflict clauses that abort only the statement; throw an error to roll back everything",
    });
}

/** SQLite parses the first statement and ignores the rest without an error. */
function isBlank(rest: string): boolean {
  return /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/.test(rest);
}

/** An error in the statement is the author's; an error of the disk or the file is the store's. */
function ownFault(error: unknown): Error {
  const code = ((error as { errcode?: number }).errcode ?? 1) & 0xff;
  if (error instanceof Error && storeFaults.has(code)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new BatonError("tx-failed", `ctx.tx: ${message}`, { hint: "check the statement", cause: error });
}

/** Busy, out of memory, I/O, corrupt, full, cannot open, not a database. */
const storeFaults: ReadonlySet<number> = new Set([5, 7, 10, 11, 13, 14, 26]);
