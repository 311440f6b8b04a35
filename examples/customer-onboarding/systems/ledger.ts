/**
 * The memory of one system: its SQLite file, and in it the append-only log of what the system really did.
 *
 * An act, the rows it made and its answer are committed in one transaction, so a kill leaves either all of them or
 * nothing. A repeated idempotency key gets the first answer and a row in `repeats`, never a second act.
 * `acts.key` carries no UNIQUE on purpose: the log is evidence, and a log that cannot show a double act proves nothing.
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Refusal } from "./refusal.ts";

/** One real act: what was done under which idempotency key, and the id of what it made. */
export interface Act {
  readonly at: string;
  readonly key: string;
  readonly act: string;
  readonly id: string;
}

/** A request that may act: the same key always means the same request. */
export interface ActRequest {
  readonly key: string;
  readonly act: string;
  readonly request: unknown;
}

/** What an act made: its id, for the log, and the answer that every repeat receives again. */
export interface Made<Answer> {
  readonly id: string;
  readonly answer: Answer;
}

/** The answer to a request, and whether the system had given it before. */
export interface Outcome<Answer> {
  readonly answer: Answer;
  readonly isRepeat: boolean;
}

/** The open memory of one system. */
export interface Ledger {
  readonly db: DatabaseSync;
  /** Performs the act once for its key; a repeat answers what the first one answered. Refuses a key used for another request. */
  once<Answer>(request: ActRequest, perform: (db: DatabaseSync) => Made<Answer>): Outcome<Answer>;
  acts(): Act[];
  repeats(): Act[];
  close(): void;
}

const SCHEMA = `
  create table if not exists acts (
    n integer primary key, at text not null, key text not null, act text not null, id text not null,
    request text not null, answer text not null
  ) strict;
  create index if not exists acts_key on acts (key);
  create table if not exists repeats (
    n integer primary key, at text not null, key text not null, act text not null, id text not null
  ) strict;
`;

/** Opens or makes the system's file under `dataDir`, with `tables` as its own schema. */
export function openLedger(dataDir: string, tables: string): Ledger {
  const file = ledgerFile(dataDir);
  mkdirSync(dirname(file), { recursive: true });
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  // FULL: an answer given is an answer kept, after a power cut too.
  db.exec("pragma journal_mode = wal; pragma synchronous = full;");
  db.exec(SCHEMA);
  db.exec(tables);
  return {
    db,
    once: (request, perform) => inTransaction(db, () => recall(db, request) ?? act(db, request, perform)),
    acts: () => readLog(db, "acts"),
    repeats: () => readLog(db, "repeats"),
    close: () => db.close(),
  };
}

/** A system's log seen from outside, while the system runs or after it was killed. */
export interface LedgerReader {
  acts(): Act[];
  repeats(): Act[];
  actCount(): number;
  close(): void;
}

/** Opens the log of the system that keeps its state under `dataDir`, to read only. */
export function openLedgerReader(dataDir: string): LedgerReader {
  const db = new DatabaseSync(ledgerFile(dataDir), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  const count = db.prepare("select count(*) as count from acts");
  return {
    acts: () => readLog(db, "acts"),
    repeats: () => readLog(db, "repeats"),
    actCount: () => Number(count.get()?.["count"]),
    close: () => db.close(),
  };
}

/** Long enough for a reader to sit out a checkpoint, short enough to notice a stuck writer. */
const BUSY_TIMEOUT_MS = 5_000;

const ledgerFile = (dataDir: string): string => join(dataDir, "state.db");

function recall<Answer>(db: DatabaseSync, { key, act, request }: ActRequest): Outcome<Answer> | null {
  const first = db.prepare("select act, id, request, answer from acts where key = ? order by n limit 1").get(key);
  if (first === undefined) return null;
  if (first["act"] !== act || first["request"] !== fingerprint(request)) {
    throw new Refusal(422, `the idempotency key ${key} was used before for another request; send a new key`);
  }
  db.prepare("insert into repeats (at, key, act, id) values (?, ?, ?, ?)").run(
    timestamp(),
    key,
    act,
    first["id"] ?? "",
  );
  return { answer: JSON.parse(String(first["answer"])) as Answer, isRepeat: true };
}

function act<Answer>(
  db: DatabaseSync,
  { key, act, request }: ActRequest,
  perform: (db: DatabaseSync) => Made<Answer>,
): Outcome<Answer> {
  const { id, answer } = perform(db);
  db.prepare("insert into acts (at, key, act, id, request, answer) values (?, ?, ?, ?, ?, ?)").run(
    timestamp(),
    key,
    act,
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

function readLog(db: DatabaseSync, table: "acts" | "repeats"): Act[] {
  return db
    .prepare(`select at, key, act, id from ${table} order by n`)
    .all()
    .map((row) => ({
      at: String(row["at"]),
      key: String(row["key"]),
      act: String(row["act"]),
      id: String(row["id"]),
    }));
}

const fingerprint = (request: unknown): string => createHash("sha256").update(JSON.stringify(request)).digest("hex");

const timestamp = (): string => new Date().toISOString();
