import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Baton, type Handle, openBaton, type StoreError, workflow } from "baton";
import { openDatabase } from "../../src/stores/sqlite/open.ts";
import { makeImage, mountImage, mountTmpfs, whyNoMounts } from "./mounts.ts";

const cuts = 5;
const noTmpfs = whyNoMounts("tmpfs");
const noLoop = whyNoMounts("loop");
for (const [fault, why] of [
  ["full-disk", noTmpfs],
  ["power-cut", noLoop],
])
  if (why !== null) console.log(`SKIPPED fault=${fault}: ${why}`);

describe("the disk", () => {
  it("when full gives a clear error, keeps everything acknowledged, and works again when space is free", {
    skip: noTmpfs !== null,
  }, async () => {
    const mount = mountTmpfs(12);
    const keep = workflow({ name: "keep" }, async (ctx, text: string) => ctx.step("one", () => text.length));
    let baton: Baton | null = null;
    try {
      const ballast = join(mount.path, "ballast");
      writeFileSync(ballast, Buffer.alloc(6 * 1024 * 1024));
      baton = await openBaton({ store: `sqlite:${join(mount.path, "baton.db")}`, definitions: [keep] });
      const acknowledged: Handle<number>[] = [];
      const text = "x".repeat(50_000);
      const refusal = await fill(async () => {
        acknowledged.push(await (baton as Baton).start(keep, text));
      });
      assert.equal(refusal.code, "unavailable");
      assert.match(refusal.message, /the disk is full: nothing was written/);
      assert.ok(acknowledged.length > 0);
      rmSync(ballast);
      acknowledged.push(await baton.start(keep, text));
      for (const handle of acknowledged) assert.equal(await handle.result({ timeoutMs: 20_000 }), text.length);
      assert.deepEqual(await baton.engine.store.query("violations", {}), []);
    } finally {
      await baton?.close();
      mount.unmount();
    }
  });

  it(`loses no acknowledged run in ${cuts} power cuts`, { skip: noLoop !== null }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "baton-power-"));
    try {
      for (let cut = 0; cut < cuts; cut++) {
        const image = makeImage(join(folder, `disk-${cut}.img`), 64);
        const mount = mountImage(image);
        const writer = spawn(
          process.execPath,
          ["--conditions=source", new URL("./writer.ts", import.meta.url).pathname, join(mount.path, "baton.db")],
          { stdio: ["ignore", "pipe", "inherit"] },
        );
        let text = "";
        writer.stdout.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        while (text.split("\n").length < 200 + 137 * cut) await once(writer.stdout, "data");
        // Data that the kernel was not told to sync is not in the image: the copy is the disk at the time of the power
        // cut.
        writer.kill("SIGSTOP");
        const acknowledged = text.split("\n").slice(0, -1);
        const copy = join(folder, `cut-${cut}.img`);
        copyFileSync(image, copy);
        writer.kill("SIGKILL");
        await once(writer, "exit");
        mount.unmount();
        const found = mountImage(copy);
        const db = openDatabase(join(found.path, "baton.db"));
        const lost = acknowledged.filter((id) => db.get("select 1 from runs where id = ?", id) === undefined);
        assert.deepEqual(lost, [], `cut ${cut}: ${lost.length} of ${acknowledged.length} acknowledged runs are lost`);
        assert.deepEqual(
          db.all("pragma integrity_check").map((row) => Object.values(row)[0]),
          ["ok"],
        );
        db.close();
        found.unmount();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Writes until a write is refused; gives up after a thousand. */
async function fill(write: () => Promise<void>): Promise<StoreError> {
  for (let i = 0; i < 1_000; i++) {
    try {
      await write();
    } catch (error) {
      return error as StoreError;
    }
  }
  throw new Error("the disk never filled");
}
