import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { openTestBaton } from "baton/testing";
import { z } from "zod";
import { type Baton, on, openBaton, workflow } from "../../src/index.ts";

const person = z.object({ name: z.string(), mail: z.string() });
const child = workflow({ name: "child" }, async (ctx, secret: string) => ctx.step("use", () => `${secret}-used`));
const onboard = workflow(
  { name: "onboard", input: person, on: on.event("hired"), key: (input) => `person:${input.mail}` },
  async (ctx, input) => {
    ctx.log.info(`begins for ${input.mail}`, { mail: input.mail });
    await ctx.setAttributes({ mail: input.mail });
    await ctx.step("greet", () => `${input.name.repeat(2_000)} ${input.mail}`);
    await ctx.step("portrait", () => input.mail.repeat(20_000));
    await ctx.call(child, input.mail);
    const reply = await ctx.waitForEvent<{ mail: string }>("signed", { match: { mail: input.mail }, timeout: "30d" });
    if (reply?.data?.mail === "fail@acme.example") throw new Error(`no account for ${input.mail}`);
    return reply?.data ?? null;
  },
);

interface Setup {
  readonly baton: Baton;
  readonly file: string;
  /** The files that contain this text: the store, its log, or files next to it. */
  holds(text: string): readonly string[];
}

async function setup(test: TestContext): Promise<Setup> {
  const folder = mkdtempSync(join(tmpdir(), "baton-erase-"));
  const file = join(folder, "baton.db");
  const baton = await openBaton({ store: `sqlite:${file}`, definitions: [onboard, child] });
  test.after(async () => {
    await baton.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    baton,
    file,
    holds: (text) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
        const path = join(folder, name);
        // Lock files and folders hold no data.
        return (
          existsSync(path) &&
          !name.endsWith(".lock.db") &&
          isFile(path) &&
          readFileSync(path).includes(Buffer.from(text))
        );
      }),
  };
}

function isFile(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setImmediate(resolve));
}

async function runToEnd(baton: Baton, name: string, mail: string): Promise<string> {
  const handle = await baton.start(onboard, { name, mail }, { idempotencyKey: `idem-${mail}` });
  await until(async () => (await handle.status()) === "waiting");
  await baton.emit({ name: "signed", data: { mail, note: `note-of-${mail}` } });
  await handle.result().catch(() => {});
  return handle.id;
}

describe("erase", () => {
  it("leaves no trace of a run in the store, its log or its files, and only counts in the audit", async (t) => {
    const { baton, holds } = await setup(t);
    const id = await runToEnd(baton, "Adalbert", "adalbert@acme.example");
    await runToEnd(baton, "Berta", "berta@acme.example");
    await (await baton.get(id)).cancel({ why: "asked for by adalbert@acme.example" }).catch(() => {});
    assert.ok(holds("adalbert@acme.example").length > 1, "it is in the store and in a file next to it");
    const preview = await baton.erase({ key: "person:adalbert@acme.example", dryRun: true });
    assert.deepEqual(preview.ids, [id]);
    assert.ok(preview.isDryRun);
    assert.ok(holds("adalbert@acme.example").length > 1);
    const erased = await baton.erase({ key: "person:adalbert@acme.example", why: "request 77" });
    // Its child was erased too, and the event that only this run had consumed.
    assert.deepEqual(
      { ...erased },
      { ids: [id], runs: 2, events: 1, files: 1, isDryRun: false, isScrubbed: true, isRewritten: true },
    );
    for (const text of ["adalbert@acme.example", "Adalbert", "note-of-adalbert"])
      assert.deepEqual(holds(text), [], text);
    assert.ok(holds("berta@acme.example").length > 0, "other runs are kept");
    await assert.rejects(baton.get(id), { code: "not-found" });
    assert.deepEqual(await baton.engine.store.query("violations", {}), []);
    const [row] = await baton.engine.store.query("audit", { run: null, before: null, limit: 1 });
    assert.equal(row?.verb, "erase");
    assert.equal(row?.why, "request 77");
    assert.deepEqual(Object.keys(JSON.parse(row?.detail ?? "{}")).toSorted(), ["events", "files", "keySha256", "runs"]);
    // The same start creates a new run: no trace of the first one is left.
    const again = await baton.start(
      onboard,
      { name: "A", mail: "x@acme.example" },
      { idempotencyKey: "idem-adalbert@acme.example" },
    );
    assert.ok(again.isNew);
  });

  it("without rewriting the file, overwrites what it deletes and frees its pages", async (t) => {
    const { baton, holds } = await setup(t);
    const id = await runToEnd(baton, "Cäsar", "caesar@acme.example");
    await runToEnd(baton, "Dora", "dora@acme.example");
    const pages = async (): Promise<number> => (await baton.engine.store.query("sizes", {})).bytes;
    const before = await pages();
    const erased = await baton.erase({ run: id, vacuum: false });
    assert.ok(erased.isScrubbed && !erased.isRewritten);
    assert.ok((await pages()) < before);
    assert.equal((await baton.engine.store.query("sizes", {})).freeBytes, 0);
    assert.deepEqual(holds("caesar@acme.examplecaesar"), [], "what was in a file");
  });

  it("refuses a run that has not ended, or cancels it first", async (t) => {
    const { baton } = await setup(t);
    const handle = await baton.start(onboard, { name: "E", mail: "e@acme.example" });
    await until(async () => (await handle.status()) === "waiting");
    await assert.rejects(baton.erase({ run: handle.id }), (error: Error & { code: string; hint: string }) => {
      assert.equal(error.code, "not-at-rest");
      assert.match(error.hint, /--cancel/);
      return true;
    });
    assert.ok(["running", "waiting"].includes(await handle.status()), "it continues");
    const erased = await baton.erase({ run: handle.id, cancel: true });
    assert.equal(erased.runs, 2);
    await assert.rejects(baton.get(handle.id), { code: "not-found" });
    await assert.rejects(baton.erase({ run: handle.id }), { code: "not-found" });
    await assert.rejects(baton.erase({ key: "nobody" }), { code: "not-found" });
  });

  it("keeps an event that another run has consumed too, until that run is erased", async (t) => {
    const { baton } = await setup(t);
    const handles = await Promise.all(
      [1, 2].map((i) => baton.start(onboard, { name: `F${i}`, mail: "f@acme.example" }, { key: `f${i}` })),
    );
    for (const handle of handles) await until(async () => (await handle.status()) === "waiting");
    await baton.emit({ name: "signed", id: "both", data: { mail: "f@acme.example" } });
    for (const handle of handles) await handle.result();
    const events = async (): Promise<number> =>
      (await baton.engine.store.query("events", { name: "signed", before: null, limit: 10 })).length;
    assert.equal((await baton.erase({ key: "f1" })).events, 0);
    assert.equal(await events(), 1);
    assert.equal((await baton.erase({ key: "f2" })).events, 1);
    assert.equal(await events(), 0);
  });

  it("erases the event that started a run, and the dead letter of a failed run with its texts", async (t) => {
    const { baton, holds } = await setup(t);
    await baton.emit({ name: "hired", data: { name: "Gustav", mail: "fail@acme.example" } });
    const [run] = await baton.runs({ key: "person:fail@acme.example" });
    assert.ok(run !== undefined);
    await until(async () => (await (await baton.get(run.id)).status()) === "waiting");
    await baton.emit({ name: "signed", data: { mail: "fail@acme.example" } });
    await until(async () => (await (await baton.get(run.id)).status()) === "failed");
    const erased = await baton.erase({ run: run.id });
    assert.equal(erased.events, 2);
    for (const text of ["Gustav", "fail@acme.example", "no account for"]) assert.deepEqual(holds(text), [], text);
    assert.deepEqual(await baton.engine.store.query("deadGroups", { limit: 10 }), []);
    assert.deepEqual(await baton.engine.store.query("violations", {}), []);
  });

  it("with cancel reaches all children of a run, also those beyond the first page", async () => {
    const waiter = workflow({ name: "waiter" }, (ctx) => ctx.waitForEvent("never"));
    const parent = workflow({ name: "parent" }, async (ctx) => {
      for (let i = 0; i < 205; i++) await ctx.start(waiter, undefined, { key: `w${i}` });
    });
    const test = await openTestBaton({ definitions: [waiter, parent] });
    const { id } = await test.start(parent, undefined);
    await test.settle();
    const erased = await test.baton.erase({ run: id, cancel: true });
    assert.equal(erased.runs, 206);
    assert.deepEqual(await test.baton.runs(), []);
    await test.close();
  });
});
