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
