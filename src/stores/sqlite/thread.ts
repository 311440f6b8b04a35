import { statSync } from "node:fs";
import { backup } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { StoreError } from "../../kernel/model/errors.ts";
import type { Outcome } from "../../kernel/model/transition.ts";
import { assert } from "../../stdx/assert.ts";
import { carryFiles } from "./carry-files.ts";
import { SqliteCore } from "./core.ts";
import type { Database } from "./database.ts";
import { DiskFiles } from "./files.ts";
import type { Call, ThreadRequest, ThreadResponse, WireReply } from "./messages.ts";
import { openDatabase } from "./open.ts";
import { type Ownership, takeOwnership } from "./owner.ts";
import { txTooLong } from "./tx-too-long.ts";
import { wireError } from "./wire-error.ts";

/**
 * The store's own thread. It keeps large payloads, fsyncs and checkpoints off the event loop that runs user code.
 * Messages are handled one at a time, in order. While a `ctx.tx` is open, everything else waits in `held`. The limit is
 * enforced here, so that code that never returns cannot block the store.
 */
assert(parentPort !== null, "the store's thread has a parent");
const port = parentPort;
const { path, offloadOver } = workerData as { path: string; offloadOver: number };

let ownership: Ownership;
let file: { dev: number; ino: number };
let db: Database;
let core: SqliteCore;
let tx: { no: number; timer: NodeJS.Timeout } | null = null;
let lastTx = 0;
const held: ThreadRequest[] = [];

try {
  ownership = takeOwnership(path);
  try {
    db = openDatabase(path);
  } catch (error) {
    ownership.release();
    throw error;
  }
  file = statSync(path);
  core = new SqliteCore(db, { now: Date.now, files: new DiskFiles(path), offloadOver });
  core.buryAll();
  port.on("message", handle);
  send({ kind: "opened" });
} catch (error) {
  send({ kind: "not-opened", error: wireError(error) });
}

function send(answer: ThreadResponse): void {
  port.postMessage(answer);
}

function handle(request: ThreadRequest): void {
  const isOfTx = request.kind === "call" && (request.call.name === "query-tx" || request.call.name === "end-tx");
  if (tx !== null && !isOfTx) held.push(request);
  else answer(request);
}

function answer(request: ThreadRequest): void {
  switch (request.kind) {
    case "watch":
      core.watch(request.isWatched);
      return;
    case "commit": {
      const gone = lostFile();
      const made = gone === null ? core.commit(request.batch) : request.batch.map(() => ({ error: gone }));
      const replies = made.map((reply) =>
        "error" in reply ? { error: wireError(reply.error) } : shorten(reply.outcome),
      );
      send({ kind: "committed", at: core.context.clock.now(), replies, hint: core.takeHint() });
      return;
    }
    case "call":
      try {
        const value = perform(request.call);
        if (value instanceof Promise) {
          value.then(
            (late) => send({ kind: "answered", id: request.id, value: late, hint: null }),
            (error: unknown) => send({ kind: "refused", id: request.id, error: wireError(error) }),
          );
        } else send({ kind: "answered", id: request.id, value, hint: core.takeHint() });
      } catch (error) {
        send({ kind: "refused", id: request.id, error: wireError(error) });
      }
      if (request.call.name === "close") port.close();
  }
}

/** A deleted or replaced file still accepts writes, but they can never be found again. */
function lostFile(): StoreError | null {
  const now = statSync(path, { throwIfNoEntry: false });
  if (now !== undefined && now.ino === file.ino && now.dev === file.dev) return null;
  return new StoreError("unavailable", `the store ${path} was deleted or replaced while it was open`, {
    hint: "stop this process, then restore the file or start with the new one",
  });
}

function shorten(outcome: Outcome): WireReply {
  if (!outcome.ok) return outcome;
  if ("isUnread" in outcome) return outcome.isUnread ? outcome : null;
  return "isCreated" in outcome && outcome.isCreated ? [outcome.run.no, outcome.isLeased] : outcome;
}

function perform(call: Call): unknown {
  switch (call.name) {
    case "join":
      return core.join(call.worker, call.leaseMs, call.about);
    case "beat":
      return core.beat(call.incarnation, call.leaseMs);
    case "lease":
      return core.lease(call);
    case "leave":
      return core.leave(call.incarnation);
    case "load":
      return core.load(call.run, call.fence, call.part);
    case "query":
      return core.query(call.query, call.params as never);
    case "sweep":
      return core.sweep(call);
    case "backup":
      return backup(db.raw, call.path).then(() => ({ bytes: statSync(call.path).size + carryFiles(path, call.path) }));
    case "announce":
      return ownership.announce(call.url);
    case "begin-tx":
      return beginTx(call.limitMs);
    case "query-tx":
      return openTx(call.tx) && core.queryTx(call.sql, call.params);
    case "end-tx":
      return endTx(call);
    case "close":
      return close();
  }
}

function beginTx(limitMs: number): number {
  core.beginTx();
  lastTx += 1;
  // Applies even if the user code never returns: the waiting messages then continue without it.
  const timer = setTimeout(() => {
    core.endTx(null);
    leaveTx();
  }, limitMs);
  tx = { no: lastTx, timer };
  return lastTx;
}

/** Refuses statements of a transaction that has ended. */
function openTx(no: number): true {
  if (tx?.no === no) return true;
  throw txTooLong();
}

function endTx(call: Extract<Call, { name: "end-tx" }>): unknown {
  if (call.transition === null && tx?.no !== call.tx) return null;
  openTx(call.tx);
  const gone = lostFile();
  try {
    const outcome = core.endTx(gone === null ? call.transition : null);
    if (gone !== null) throw gone;
    return outcome;
  } finally {
    leaveTx();
  }
}

function leaveTx(): void {
  if (tx !== null) clearTimeout(tx.timer);
  tx = null;
  // Held messages are handled first, in order, before any later message.
  queueMicrotask(() => {
    while (tx === null) {
      const next = held.shift();
      if (next === undefined) return;
      answer(next);
    }
  });
}

function close(): void {
  db.raw.exec("pragma wal_checkpoint(truncate)");
  db.close();
  ownership.release();
}
