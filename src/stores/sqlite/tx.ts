import { constants } from "node:sqlite";
import { BatonError } from "../../kernel/model/errors.ts";
import type { Database, Value } from "./database.ts";

/** Baton's own tables: the user's transaction may not even read them, since their shape is not an API. */
const ownTables = new Set([
  "definitions",
  "runs",
  "live",
  "dead",
  "steps",
  "attempts",
  "waits",
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
  "migrations",
]);

const denied = new Set<number>([
  constants.SQLITE_ATTACH,
  constants.SQLITE_DETACH,
  constants.SQLITE_PRAGMA,
  constants.SQLITE_TRANSACTION,
  constants.SQLITE_SAVEPOINT,
]);

/** Runs the user's statement under an authorizer: ATTACH is not atomic across files under WAL, and COMMIT is ours. */
export function guardedQuery(db: Database, sql: string, params: readonly Value[]): Record<string, unknown>[] {
  let refusal: string | null = null;
  db.raw.setAuthorizer((action, first) => {
    if (denied.has(action))
      refusal = "ATTACH, PRAGMA, BEGIN, COMMIT, ROLLBACK and SAVEPOINT belong to Baton inside ctx.tx";
    else if (first !== null && first !== undefined && ownTables.has(first) && action !== constants.SQLITE_FUNCTION) {
      refusal = `the table ${first} is Baton's own`;
    }
    return refusal === null ? constants.SQLITE_OK : constants.SQLITE_DENY;
  });
  try {
    const statement = db.raw.prepare(sql);
    return statement.all(...params) as Record<string, unknown>[];
  } catch (error) {
    if (refusal !== null)
      throw new BatonError("tx-refused", `ctx.tx: ${refusal}`, {
        hint: "use tables of your own through db.query only",
        cause: error,
      });
    throw error;
  } finally {
    db.raw.setAuthorizer(null);
  }
}
