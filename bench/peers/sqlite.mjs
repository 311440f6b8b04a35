import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** The size of a SQLite file after a checkpoint of its write-ahead log. */
export function bytesAfterCheckpoint(path) {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
  return statSync(path).size;
}

const synchronousNames = ["OFF", "NORMAL", "FULL", "EXTRA"];

/** The durability settings of a connection. `synchronous` belongs to the connection, not to the file. */
export function readPragmas(database) {
  const journal = database.prepare("PRAGMA journal_mode").get().journal_mode;
  const { synchronous } = database.prepare("PRAGMA synchronous").get();
  return `journal_mode=${journal} synchronous=${synchronousNames[synchronous]}`;
}
