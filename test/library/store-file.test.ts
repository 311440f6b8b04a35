import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { openBaton, workflow } from "baton";
import { dumpSchema, migrate, schemaVersion } from "../../src/stores/sqlite/migrate.ts";
import { openDatabase, openMemoryDatabase } from "../../src/stores/sqlite/open.ts";

const folder = mkdtempSync(join(tmpdir(), "baton-store-"));
after(() => rmSync(folder, { recursive: true }));
const echo = workflow({ name: "echo" }, async (ctx, input: unknown) => ctx.step("echo", () => input));

describe("the store file", () => {
  it("keeps runs across close and open", async () => {
    const path = join(folder, "keeps.db");
    const first = await openBaton({ store: `sqlite:${path}`, definitions: [echo] });
    const handle = await first.start(echo, { a: 1 });
    assert.deepEqual(await handle.result(), { a: 1 });
    await first.close();
    assert.equal(existsSync(`${path}.owner.json`), false);
    const second = await openBaton({ store: `sqlite:${path}`, definitions: [echo] });
    assert.deepEqual(await (await second.get(handle.id)).result(), { a: 1 });
    await second.close();
  });

  it("a close hands back running runs, and the next open continues them", async () => {
    const path = join(folder, "handback.db");
    let release = (): void => {};
    let count = 0;
    const slow = workflow({ name: "slow" }, async (ctx) => {
      await ctx.step("first", () => {
        count += 1;
        return count;
      });
      return ctx.step(
        "slow",
        (attempt) =>
          new Promise<string>((resolve) => {
            release = () => resolve("done");
            attempt.signal.addEventListener("abort", () => resolve("aborted"));
          }),
      );
    });
    const first = await openBaton({ store: `sqlite:${path}`, definitions: [slow] });
    const { id } = await first.start(slow, null);
    while (!first.engine.isBusy || count === 0) await new Promise((resolve) => setImmediate(resolve));
    const closing = first.close({ graceMs: 5_000 });
    release();
    await closing;
    const second = await openBaton({ store: `sqlite:${path}`, definitions: [slow] });
    assert.equal(await (await second.get(id)).result(), "done");
    assert.equal(count, 1);
    await second.close();
  });

  it("an attempt aborted by a stop is repeated and does not count", async () => {
    const path = join(folder, "aborted.db");
    const numbers: number[] = [];
    const slow = workflow({ name: "slow" }, async (ctx) =>
      ctx.step(
        "slow",
        (attempt) => {
          numbers.push(attempt.number);
          if (attempt.number > 1) return "done";
          return new Promise((_resolve, reject) =>
            attempt.signal.addEventListener("abort", () => reject(new Error("aborted"))),
          );
        },
        { retry: false },
      ),
    );
    const first = await openBaton({ store: `sqlite:${path}`, definitions: [slow] });
    const { id } = await first.start(slow, null);
    while (numbers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await first.close({ graceMs: 10 });
    const second = await openBaton({ store: `sqlite:${path}`, definitions: [slow] });
    assert.equal(await (await second.get(id)).result(), "done");
    assert.deepEqual(numbers, [1, 2]);
    await second.close();
  });

  it("a second opener is refused with the pid of the first", async () => {
    const path = join(folder, "owned.db");
    const child = spawn(
      process.execPath,
      [
        "--conditions=source",
        "--input-type=module",
        "-e",
        `import { openBaton } from "baton"; await openBaton({ store: "sqlite:${path}" }); console.log("open"); setInterval(() => {}, 1000);`,
      ],
      { cwd: process.cwd(), stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(child.stdout, "data");
    await assert.rejects(
      openBaton({ store: `sqlite:${path}` }),
      (error: Error & { code: string; details: { pid: number } }) => {
        assert.equal(error.code, "unavailable");
        assert.match(error.message, new RegExp(`process ${child.pid}`));
        assert.equal(error.details.pid, child.pid);
        return true;
      },
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    // kill -9 releases the lock: no file has to be removed by hand.
    await (await openBaton({ store: `sqlite:${path}` })).close();
  });

  it("a file that is not SQLite, or of another application, is refused and unchanged", async () => {
    const text = join(folder, "text.db");
    writeFileSync(text, "these are my notes, not a database");
    await assert.rejects(openBaton({ store: `sqlite:${text}` }), { code: "corrupt", message: /is not a SQLite file/ });
    assert.equal(readFileSync(text, "utf8"), "these are my notes, not a database");
    const foreign = join(folder, "foreign.db");
    const db = new DatabaseSync(foreign);
    db.exec("create table mine (a)");
    db.close();
    await assert.rejects(openBaton({ store: `sqlite:${foreign}` }), {
      code: "corrupt",
      message: /another application/,
    });
  });

  it("a store of a newer schema is refused with both numbers", async () => {
    const path = join(folder, "newer.db");
    await (await openBaton({ store: `sqlite:${path}` })).close();
    const db = new DatabaseSync(path);
    db.exec("pragma user_version = 999");
    db.close();
    await assert.rejects(openBaton({ store: `sqlite:${path}` }), {
      code: "corrupt",
      message: /schema 999.*supports schemas up to/,
    });
  });

  it("a migration makes a backup first, and changes nothing when it fails", () => {
    const path = join(folder, "migrates.db");
    const db = openDatabase(path);
    const before = dumpSchema(db);
    const made: number[] = [];
    const newest = schemaVersion(db);
    const broken = "create table added (a integer); insert into nowhere values (1);";
    const migrations = [{ version: newest + 1, name: "broken", sql: broken }];
    assert.throws(() => migrate(db, (from) => made.push(from), migrations), /nowhere/);
    assert.deepEqual(made, [newest]);
    assert.equal(dumpSchema(db), before);
    db.close();
  });

  it("schema.sql matches the migrations", () => {
    const db = openMemoryDatabase();
    const golden = readFileSync(new URL("../../src/stores/sqlite/schema.sql", import.meta.url), "utf8");
    assert.equal(dumpSchema(db), golden, "npm run schema");
    db.close();
  });

  it("a backup can be opened as a store", async () => {
    const path = join(folder, "live.db");
    const copy = join(folder, "copy.db");
    const baton = await openBaton({ store: `sqlite:${path}`, definitions: [echo] });
    const handle = await baton.start(echo, "kept");
    await handle.result();
    assert.ok((await baton.engine.store.backup({ path: copy })).bytes > 0);
    await baton.close();
    const restored = await openBaton({ store: `sqlite:${copy}`, definitions: [echo] });
    assert.equal(await (await restored.get(handle.id)).result(), "kept");
    await restored.close();
  });
});
