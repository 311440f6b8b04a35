/**
 * The state of one system: a SQLite file with an append-only log of the operations that the system performed.
 *
 * An operation, its rows and its answer are committed in one transaction, so a kill leaves all of them or none. A
 * repeated idempotency key gets the first answer and a row in `repeated`; the operation is not performed again.
 * `operations.key` is deliberately not UNIQUE: the log is evidence, so it must be able to show an operation that was
 * performed twice.
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Refusal } from "./refusal.ts";

/** A log entry: the operation, its idempotency key, and the id of what it created. */
export interface LoggedOperation {
  readonly at: string;
  readonly key: string;
  readonly operation: string;
  readonly id: string;
}

/** A request to perform an operation. The same key always means the same request. */
export interface OperationRequest {
  readonly key: string;
  readonly operation: string;
  readonly request: unknown;
}

/** The id of what an operation created, for the log, and the answer, which every repeat receives too. */
export interface OperationResult<Answer> {
  readonly id: string;
  readonly answer: Answer;
}

/** The answer to a request. */
export interface Outcome<Answer> {
  readonly answer: Answer;
  readonly isRepeat: boolean;
}

/** The open state of one system. */
export interface Ledger {
  readonly db: DatabaseSync;
  /**
   * Performs the operation once per key. A repeat gets the first answer. Refuses a key that was used for another
   * request.
   */
  once<Answer>(request: OperationRequest, perform: (db: DatabaseSync) => OperationResult<Answer>): Outcome<Answer>;
  operations(): LoggedOperation[];
  repeats(): LoggedOperation[];
  close(): void;
}

const SCHEMA = `
  create table if not exists operations (
    n integer primary key, at text not null, key text not null, operation text not null, id text not null,
    request text not null, answer text not null
  ) strict;
  create index if not exists operations_key on operations (key);
  create table if not exists repeated (
    n integer primary key, at text not null, key text not null, operation text not null, id text not null
  ) strict;
`;

/** Opens the system's file under `dataDir`, or creates it, and applies `tables`, the system's own schema. */
export function openLedger(dataDir: string, tables: string): Ledger {
  const file = ledgerFile(dataDir);
  mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  // FULL: an answer that was sent must survive a power cut.
  db.exec("pragma journal_mode = wal; pragma synchronous = full;");
  db.exec(SCHEMA);
  db.exec(tables);
  return {
    db,
    once: (request, perform) => inTransaction(db, () => findRepeat(db, request) ?? performAndLog(db, request, perform)),
    operations: () => readLog(db, "operations"),
    repeats: () => readLog(db, "repeated"),
    close: () => db.close(),
  };
}

/** Reads a system's log from another process, while the system is running or after it was killed. */
export interface LedgerReader {
  operations(): LoggedOperation[];
  repeats(): LoggedOperation[];
  operationCount(): number;
  close(): void;
}

/** Opens the log of the system with its state under `dataDir`, read-only. */
export function openLedgerReader(dataDir: string): LedgerReader {
  const db = new DatabaseSync(ledgerFile(dataDir), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  const count = db.prepare("select count(*) as count from operations");
  return {
    operations: () => readLog(db, "operations"),
    repeats: () => readLog(db, "repeated"),
    operationCount: () => Number(count.get()?.["count"]),
    close: () => db.close(),
  };
}

/** Long enough for a reader to wait for a checkpoint, short enough to notice a stuck writer. */
const BUSY_TIMEOUT_MS = 5_000;

const ledgerFile = (dataDir: string): string => join(dataDir, "state.db");

function findRepeat<Answer>(db: DatabaseSync, { key, operation, request }: OperationRequest): Outcome<Answer> | null {
  const first = db
    .prepare("select operation, id, request, answer from operations where key = ? order by n limit 1")
    .get(key);
  if (first === undefined) return null;
  if (first["operation"] !== operation || first["request"] !== fingerprint(request)) {
    throw new Refusal(422, `idempotency key ${key} was already used for another request: send a new key`);
  }
  db.prepare("insert into repeated (at, key, operation, id) values (?, ?, ?, ?)").run(
    timestamp(),
    key,
    operation,
    first["id"] ?? "",
  );
  return { answer: JSON.parse(String(first["answer"])) as Answer, isRepeat: true };
}

function performAndLog<Answer>(
  db: DatabaseSync,
  { key, operation, request }: OperationRequest,
  perform: (db: DatabaseSync) => OperationResult<Answer>,
): Outcome<Answer> {
  const { id, answer } = perform(db);
  db.prepare("insert into operations (at, key, operation, id, request, answer) values (?, ?, ?, ?, ?, ?)").run(
    timestamp(),
    key,
    operation,
    id,
    fingerprint(request),
    JSON.stringify(answer),
  );
  return { answer, isRepeat: false };
}

function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec("begin immediate");
  try {
    const result = work();
    db.exec("commit");
    return result;
  } catch (error) {
    db.exec("rollback");
    throw error;
  }
}

function readLog(db: DatabaseSync, table: "operations" | "repeated"): LoggedOperation[] {
  return db
    .prepare(`select at, key, operation, id from ${table} order by n`)
    .all()
    .map((row) => ({
      at: String(row["at"]),
      key: String(row["key"]),
      operation: String(row["operation"]),
      id: String(row["id"]),
    }));
}

const fingerprint = (request: unknown): string => createHash("sha256").update(JSON.stringify(request)).digest("hex");

const timestamp = (): string => new Date().toISOString();
