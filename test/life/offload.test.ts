import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { backupStore, restoreStore } from "../../src/app/database-file.ts";
import { type Baton, openBaton, workflow } from "../../src/index.ts";
import { openMemoryCore } from "../../src/stores/sqlite/memory-store.ts";

const large = "ä".repeat(200_000);
const echo = workflow({ name: "echo" }, async (ctx, input: string) => {
  const copy = await ctx.step("copy", () => input);
  return copy;
});
const picky = workflow({ name: "picky" }, async (ctx, input: string) => {
  await ctx.step("copy", () => input);
  await ctx.waitForEvent("go", { timeout: "30d" });
  return "done";
});

interface Setup {
  readonly folder: string;
  readonly file: string;
  open(options?: { over?: number }): Promise<Baton>;
  /** The files next to the store, by name. */
  files(): readonly { name: string; path: string }[];
  child(point: string, hours?: number): Promise<{ out: string; signal: NodeJS.Signals | null }>;
}

function setup(test: TestContext): Setup {
  const folder = mkdtempSync(join(tmpdir(), "baton-offload-"));
  const file = join(folder, "baton.db");
  const batons: Baton[] = [];
  test.after(async () => {
    for (const baton of batons) await baton.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    file,
    open: async ({ over } = {}) => {
      const offload = over === undefined ? {} : { offload: { over } };
      const baton = await openBaton({ store: `sqlite:${file}`, definitions: [echo, picky], ...offload });
      batons.push(baton);
      return baton;
    },
    files: () => filesOf(`${file}.files`),
    child: (point, hours = 0) =>
      new Promise((resolve) => {
        const script = join(import.meta.dirname, "offload-child.ts");
        const child = spawn(process.execPath, ["--conditions=source", script, file, point, String(hours)], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        let out = "";
        child.stdout.on("data", (chunk: Buffer) => {
          out += chunk.toString();
        });
        child.on("close", (_code, signal) => resolve({ out, signal }));
      }),
  };
}

function filesOf(root: string): { name: string; path: string }[] {
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((part) =>
    readdirSync(join(root, part)).map((name) => ({ name, path: join(root, part, name) })),
  );
}

describe("a large value", () => {
  it("is stored once, in a file that only its owner can read, and read back unchanged", async (t) => {
    const { open, files, file } = setup(t);
    const baton = await open();
    const handles = await Promise.all([1, 2, 3].map(() => baton.start(echo, large)));
    for (const handle of handles) assert.equal(await handle.result(), large);
    // Three runs with input, step and output: the same bytes nine times.
    const [only, ...more] = files();
    assert.deepEqual(more, []);
    assert.match(only?.name ?? "", /^[0-9a-f]{64}$/);
    assert.equal(statSync(only?.path ?? "").mode & 0o777, 0o600);
    assert.ok(!readFileSync(file).includes(Buffer.from("ä".repeat(1_000))));
    const sizes = await baton.engine.store.query("sizes", {});
    assert.deepEqual(sizes.files, { count: 1, bytes: 400_002 });
  });

  it("under the configured threshold stays in the store", async (t) => {
    const { open, files } = setup(t);
    const baton = await open();
    await (await baton.start(echo, "x".repeat(200_000))).result();
    assert.deepEqual(files(), []);
    await baton.close();
    const lower = await open({ over: 8_192 });
    await (await lower.start(echo, "y".repeat(9_000))).result();
    assert.equal(files().length, 1);
  });

  it("that is sealed never gets a file named by its content", async (t) => {
    const { file, files } = setup(t);
    const secretive = workflow({ name: "secretive" }, async (ctx) => {
      const secret = await ctx.step("secret", () => large, { sensitive: true });
      return secret.length;
    });
    const baton = await openBaton({
      store: `sqlite:${file}`,
      definitions: [secretive],
      sensitiveKey: "0123456789abcdef0123456789abcdef",
    });
    try {
      assert.equal(await (await baton.start(secretive, undefined)).result(), large.length);
      assert.deepEqual(files(), []);
    } finally {
      await baton.close();
    }
  });

  it("that is missing or damaged is reported with its run and step, and never read as another value", async (t) => {
    const { open, files } = setup(t);
    const first = await open();
    const { id } = await first.start(picky, large);
    while ((await (await first.get(id)).status()) !== "waiting") await new Promise((resolve) => setImmediate(resolve));
    const [value] = files();
    const path = value?.path ?? "";
    const bytes = readFileSync(path);
    for (const damage of [() => rmSync(path), () => writeFileSync(path, Buffer.from(bytes).fill(0x20, 5, 6))]) {
      damage();
      const no = (await first.engine.store.query("run", { id }))?.row.no ?? 0;
      await assert.rejects(
        first.engine.store.query("payload", { run: no, part: "step:1" }),
        (error: Error & { code: string }) => {
          assert.equal(error.code, "corrupt");
          assert.match(
            error.message,
            new RegExp(`step "copy" of run ${id}: its file ${value?.name} is missing or damaged`),
          );
          return true;
        },
      );
      const { findings } = await first.doctor({ full: true });
      const lost = findings.find((each) => each.code === "lost-files");
      assert.equal(lost?.level, "bad");
      assert.match(lost?.where.join() ?? "", new RegExp(id));
      writeFileSync(path, bytes);
    }
    assert.equal((await first.doctor({ full: true })).findings.find((each) => each.code === "lost-files")?.level, "ok");
    // The next write of the same bytes restores the file.
    writeFileSync(path, "broken");
    assert.equal(await (await first.start(echo, large)).result(), large);
    assert.deepEqual(readFileSync(path), bytes);
  });

  it("is removed an hour after the last reference, not before", () => {
    let now = 1_700_000_000_000;
    const core = openMemoryCore({ now: () => now });
    const start = (id: string): void => {
      core.commit([
        {
          kind: "start",
          id,
          definition: { kind: "workflow", name: "w", version: 1 },
          input: JSON.stringify(large),
          inputHash: "",
          key: null,
          idempotencyKey: null,
          priorityMs: 0,
          attributes: null,
          origin: { by: "test" },
          leaseTo: incarnation,
        },
      ]);
    };
    const { incarnation } = core.join("w", 10 * 86_400_000);
    const end = (run: number): void => {
      core.commit([{ kind: "advance", run, fence: 1, next: { state: "completed", output: null } }]);
    };
    const sweep = (): void => {
      core.sweep({ completedMs: 60_000, failedMs: 60_000, eventMs: 60_000, limit: 1_000 });
    };
    const count = (): number => core.query("sizes", {}).files.count;
    start("run_1");
    start("run_2");
    end(1);
    now += 120_000;
    sweep();
    assert.equal(core.query("run", { id: "run_1" }), null);
    now += 7_200_000;
    sweep();
    assert.equal(count(), 1, "the other run references it");
    assert.equal(core.query("payload", { run: 2, part: "input" }), JSON.stringify(large));
    end(2);
    now += 120_000;
    sweep();
    assert.equal(count(), 1, "it is too recent");
    now += 3_500_000;
    start("run_3");
    now += 200_000;
    sweep();
    assert.equal(count(), 1, "another run references it");
    end(core.query("run", { id: "run_3" })?.row.no ?? 0);
    now += 120_000;
    sweep();
    now += 3_700_000;
    sweep();
    assert.equal(count(), 0);
  });

  it("survives a backup and a restore, which keeps the previous files", async (t) => {
    const { open, file, folder, files } = setup(t);
    const first = await open();
    const { id } = await first.start(echo, large);
    await (await first.get(id)).result();
    const copy = join(folder, "copy.db");
    const { bytes } = await backupStore(file, copy);
    assert.ok(bytes > 400_000);
    const later = await first.start(echo, `${large}later`);
    await later.result();
    await first.close();
    for (const each of files()) rmSync(each.path);
    const { kept } = await restoreStore(file, copy);
    assert.ok(existsSync(`${kept}.files`));
    const second = await open();
    assert.equal(await (await second.get<string>(id)).result(), large);
    assert.equal(
      (await second.doctor({ full: true })).findings.find((each) => each.code === "lost-files")?.level,
      "ok",
    );
  });
});

describe("a process that is killed", () => {
  it("between writing a file and its row leaves only a file that a later sweep removes", async (t) => {
    const { child, files, file } = setup(t);
    assert.deepEqual(await child("put"), { out: "", signal: "SIGKILL" });
    const [orphan] = files();
    assert.ok(orphan !== undefined);
    const rows = (): number => {
      const db = new DatabaseSync(file, { readOnly: true });
      const { n } = db
        .prepare("select (select count(*) from runs) + (select count(*) from payload_files) as n")
        .get() as { n: number };
      db.close();
      return n;
    };
    assert.equal(rows(), 0);
    const { SqliteCore } = await import("../../src/stores/sqlite/core.ts");
    const { DiskFiles } = await import("../../src/stores/sqlite/files.ts");
    const { fileFolders } = await import("../../src/stores/sql/files.ts");
    const { openDatabase } = await import("../../src/stores/sqlite/open.ts");
    const db = openDatabase(file);
    const core = new SqliteCore(db, { now: Date.now, files: new DiskFiles(file) });
    const sweepAll = (): void => {
      for (let part = 0; part < fileFolders; part++) core.sweep({ completedMs: 1, failedMs: 1, eventMs: 1, limit: 10 });
    };
    sweepAll();
    assert.equal(files().length, 1, "it is recent: its row may follow");
    const old = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(orphan.path, old, old);
    writeFileSync(`${orphan.path}.part`, "half");
    utimesSync(`${orphan.path}.part`, old, old);
    sweepAll();
    db.close();
    assert.deepEqual(files(), []);
  });

  it("after the commit keeps the whole value", async (t) => {
    const { child, open } = setup(t);
    assert.deepEqual(await child("commit"), { out: "committed", signal: "SIGKILL" });
    const baton = await open();
    const run = await baton.engine.store.query("run", { id: "run_large" });
    const input = await baton.engine.store.query("payload", { run: run?.row.no ?? 0, part: "input" });
    assert.equal(input, JSON.stringify("x".repeat(400_000)));
  });

  it("between deleting a row and its file leaves a file that a later sweep removes", async (t) => {
    const { child, open, files, file } = setup(t);
    const baton = await open();
    await (await baton.start(echo, large)).result();
    await baton.close();
    assert.deepEqual(await child("sweep", 24), { out: "", signal: null });
    assert.equal(files().length, 1);
    assert.deepEqual(await child("remove", 48), { out: "", signal: "SIGKILL" });
    assert.equal(files().length, 1);
    // The file is an orphan: a sweep of its folder, a day later, removes it.
    const part = Number.parseInt(files()[0]?.name.slice(0, 2) ?? "", 16);
    const { SqliteCore } = await import("../../src/stores/sqlite/core.ts");
    const { DiskFiles } = await import("../../src/stores/sqlite/files.ts");
    const { openDatabase } = await import("../../src/stores/sqlite/open.ts");
    const db = openDatabase(file);
    const core = new SqliteCore(db, { now: () => Date.now() + 72 * 3_600_000, files: new DiskFiles(file) });
    for (let i = 0; i <= part; i++) core.sweep({ completedMs: 0, failedMs: 0, eventMs: 0, limit: 10 });
    db.close();
    assert.deepEqual(files(), []);
  });
});
