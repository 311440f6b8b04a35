import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** The size of a SQLite file with all that its write-ahead log held moved into it. */
export function settledBytes(path) {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
  return statSync(path).size;
}

const synchronousNames = ["OFF", "NORMAL", "FULL", "EXTRA"];

/** How durable a connection's commits are: asked on that connection, since `synchronous` is its own and not the file's. */
export function readPragmas(database) {
  const journal = database.prepare("PRAGMA journal_mode").get().journal_mode;
  const { synchronous } = database.prepare("PRAGMA synchronous").get();
  return `journal_mode=${journal} synchronous=${synchronousNames[synchronous]}`;
}
