import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../stdx/assert.ts";
import { SqliteCore } from "./core.ts";
import { DiskFiles } from "./files.ts";
import type { ThreadResponse } from "./messages.ts";
import { openReader } from "./open.ts";
import type { BesideQuery } from "./read-beside.ts";
import { wireError } from "./wire-error.ts";

/**
 * Runs one query on its own read-only connection, then the thread ends. It reads one snapshot, and with the write-ahead
 * log it blocks no one.
 */
assert(parentPort !== null, "the reader's thread has a parent");
const { path, query, params } = workerData as { path: string; query: BesideQuery; params: never };

function read(): ThreadResponse {
  try {
    const db = openReader(path);
    try {
      db.raw.exec("begin");
      const core = new SqliteCore(db, { now: Date.now, files: new DiskFiles(path) });
      return { kind: "answered", id: 0, value: core.query(query, params), hint: null };
    } finally {
      db.close();
    }
  } catch (error) {
    return { kind: "refused", id: 0, error: wireError(error) };
  }
}

parentPort.postMessage(read());
