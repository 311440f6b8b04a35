import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../stdx/assert.ts";
import { SqliteCore } from "./core.ts";
import { DiskFiles } from "./files.ts";
import type { ThreadResponse } from "./messages.ts";
import { openReader } from "./open.ts";
import type { BesideQuery } from "./read-beside.ts";
import { wireError } from "./wire-error.ts";

/**
 * One query on a connection of its own that only reads, then the thread ends. All that it reads is of one moment, and
 * under the write-ahead log nobody waits for it.
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
