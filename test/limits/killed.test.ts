import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

const kills = 6;
const runs = 60;

test("limits hold across kill -9, and no slot is held at the end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "baton-limits-"));
  const store = join(folder, "baton.db");
  const log = join(folder, "log");
  const spawnChild = (generation: number): ChildProcess =>
    spawn(
      process.execPath,
      ["--conditions=source", join(import.meta.dirname, "child.ts"), store, log, String(generation), String(runs)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
  try {
    for (let kill = 0; kill < kills; kill++) {
      const child = spawnChild(kill);
      const exit = once(child, "exit");
      await once(child.stdout as NodeJS.ReadableStream, "data");
      await pause(60 + kill * 40);
      child.kill("SIGKILL");
      await exit;
    }
    const last = spawnChild(kills);
    const output = text(last.stdout as NodeJS.ReadableStream);
    const [code] = (await once(last, "exit")) as [number];
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse((await output).trim().split("\n").at(-1) ?? ""), []);
    const db = new DatabaseSync(store, { readOnly: true });
    const left = db
      .prepare("select (select count(*) from slots) as held, (select count(*) from slot_waiters) as waiting")
      .get();
    assert.deepEqual({ ...left }, { held: 0, waiting: 0 });
    db.close();
    for (const [what, most] of mostAtOnce(readFileSync(log, "utf8"))) {
      assert.ok(most <= (what === "all" ? 5 : 2), `${what}: ${most} at once`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Counted per process: a step that was killed with its process never records its end. */
function mostAtOnce(log: string): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const lines of Map.groupBy(log.trim().split("\n"), (line) => line.split(" ")[0]).values()) {
    const active = new Map<string, number>();
    for (const line of lines) {
      const [, what, tenant = ""] = line.split(" ");
      for (const key of [tenant, "all"]) {
        active.set(key, (active.get(key) ?? 0) + (what === "begin" ? 1 : -1));
        most.set(key, Math.max(most.get(key) ?? 0, active.get(key) ?? 0));
      }
    }
  }
  return most;
}
