import { closeSync, existsSync, mkdirSync, openSync, readSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../kernel/model/errors.ts";
import { toStoreError } from "./core.ts";
import { Database } from "./database.ts";
import { applicationId, migrate } from "./migrate.ts";

/** All versions up to 3.51.2 can corrupt a file when its WAL is reset. */
const sqliteMin = [3, 51, 3] as const;

/** File systems that do not honor SQLite's locks or syncs, by their statfs magic number. */
const remoteFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x65735546, "FUSE"],
  [0x01021997, "9p"],
]);

/** Opens the file for writing, with the settings that Baton's guarantees depend on, and migrates its schema. */
export function openDatabase(path: string): Database {
  refuseOldSqlite();
  mkdirSync(dirname(path), { recursive: true });
  refuseForeignFile(path);
  refuseRemote(path);
  try {
    const isNew = !existsSync(path);
    const db = new Database(new DatabaseSync(path, { timeout: 5_000 }));
    if (isNew) db.raw.exec("pragma auto_vacuum = incremental");
    db.raw.exec("pragma journal_mode = wal");
    settle(db);
    refuseOtherApplication(db, path);
    migrate(db, (version) => backupBefore(db, path, version));
    return db;
  } catch (error) {
    throw toStoreError(error);
  }
}

/** Opens the file for reading, also while another process owns it. */
export function openReader(path: string): Database {
  if (!existsSync(path))
    throw new StoreError("not-found", `no store found at ${path}`, {
      hint: "start Baton here first, or pass the store with --store",
    });
  refuseForeignFile(path);
  const db = new Database(new DatabaseSync(path, { readOnly: true, timeout: 5_000 }));
  refuseOtherApplication(db, path);
  return db;
}

export function openMemoryDatabase(): Database {
  const db = new Database(new DatabaseSync(":memory:"));
  settle(db);
  migrate(db, () => {});
  return db;
}

function settle(db: Database): void {
  // FULL: with NORMAL, a power failure was measured to lose hundreds of acknowledged commits. The checkpoint size keeps
  // the WAL small, since a store with a large WAL cannot even be opened on a full disk.
  db.raw.exec(
    "pragma synchronous = full; pragma foreign_keys = off; pragma temp_store = memory; pragma cache_size = -16384; pragma wal_autocheckpoint = 4000; pragma journal_size_limit = 67108864",
  );
  db.raw.enableDefensive(true);
}

function refuseOldSqlite(): void {
  const version = process.versions["sqlite"] ?? "0.0.0";
  const parts = version.split(".").map(Number);
  const isOld = sqliteMin.some(
    (least, i) => (parts[i] ?? 0) < least && sqliteMin.slice(0, i).every((same, j) => parts[j] === same),
  );
  if (isOld)
    throw new StoreError("unavailable", `SQLite ${version} can corrupt its files`, {
      hint: "use Node 26, which includes SQLite 3.53",
    });
}

function refuseForeignFile(path: string): void {
  if (!existsSync(path)) return;
  if (!statSync(path).isFile())
    throw new StoreError("unavailable", `${path} is not a file`, { hint: "pass a file as the store" });
  const head = Buffer.alloc(16);
  const file = openSync(path, "r");
  const read = readSync(file, head, 0, 16, 0);
  closeSync(file);
  if (read > 0 && head.toString("latin1") !== "SQLite format 3\0") {
    throw new StoreError("corrupt", `${path} is not a SQLite file`, {
      hint: "use another file as the store; this one was not changed",
    });
  }
}

function refuseOtherApplication(db: Database, path: string): void {
  const id = db.get<{ application_id: number }>("pragma application_id")?.application_id ?? 0;
  const tables = db.get<{ n: number }>("select count(*) as n from sqlite_schema")?.n ?? 0;
  if (id !== applicationId && tables > 0) {
    db.close();
    throw new StoreError("corrupt", `${path} is a SQLite file that belongs to another application`, {
      hint: "use another file as the store; this one was not changed",
    });
  }
}

function refuseRemote(path: string): void {
  const kind = remoteFileSystems.get(Number(statfsSync(dirname(path)).type));
  if (kind !== undefined) {
    throw new StoreError("unavailable", `the store would be on ${kind}, which can corrupt it`, {
      hint: "move it to a local disk",
    });
  }
}

function backupBefore(db: Database, path: string, version: number): void {
  const copy = `${path}.before-${version + 1}`;
  if (!existsSync(copy)) db.raw.prepare("vacuum into ?").run(copy);
}
