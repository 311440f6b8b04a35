import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Baton, currentRun, type DeadLetter, openBaton, workflow } from "baton";
import { z } from "zod";

const folder = mkdtempSync(join(tmpdir(), "baton-library-"));
const order = workflow(
  {
    name: "order",
    input: z.object({ id: z.string(), lines: z.array(z.object({ price: z.number() })) }),
    output: z.object({ total: z.number() }),
    key: (input) => `order:${input.id}`,
  },
  async (ctx, input) => ({
    total: await ctx.step("sum", () => input.lines.reduce((sum, line) => sum + line.price, 0)),
  }),
);
const failing = workflow({ name: "failing" }, async (ctx) =>
  ctx.step("bad", () => Promise.reject(new Error("card 4711 declined")), { retry: false }),
);
const sleeper = workflow({ name: "sleeper" }, async (ctx) => ctx.sleep("long", "1d"));
const input = { id: "o-1", lines: [{ price: 2 }, { price: 3 }] };
let baton: Baton;

before(async () => {
  baton = await openBaton({ store: `sqlite:${join(folder, "baton.db")}`, definitions: [order, failing, sleeper] });
});
after(async () => {
  await baton.close();
  rmSync(folder, { recursive: true });
});

async function countOf(): Promise<number> {
  return (await baton.engine.store.query("counts", {})).reduce((sum, row) => sum + row.count, 0);
}

describe("the library", () => {
  it("starts a run and returns its typed result, key and status", async () => {
    const handle = await baton.start(order, input);
    const { total } = await handle.result();
    assert.equal(total, 5);
    assert.equal(await handle.status(), "completed");
    assert.equal((await baton.runs({ key: "order:o-1" }))[0]?.id, handle.id);
  });

  it("returns the same run for a known idempotency key, and refuses the key for another input", async () => {
    const first = await baton.start(order, input, { idempotencyKey: "k-1" });
    const again = await baton.start(order, input, { idempotencyKey: "k-1" });
    assert.equal(again.id, first.id);
    assert.deepEqual([first.isNew, again.isNew], [true, false]);
    await assert.rejects(baton.start(order, { ...input, id: "other" }, { idempotencyKey: "k-1" }), {
      code: "key-conflict",
    });
  });

  it("refuses bad input with its path and starts nothing", async () => {
    const before = await countOf();
    const bad: [() => Promise<unknown>, string, RegExp][] = [
      [() => baton.start("order", { id: "x", lines: [{ price: "3" }] }), "invalid-input", /input\.lines\[0\]\.price/],
      [() => baton.start("nowhere", {}), "unknown-definition", /nowhere/],
      [() => baton.start(sleeper, { big: 1n }), "unencodable", /input\.big is a BigInt/],
      [() => baton.start(sleeper, { bad: "\udc00" }), "unencodable", /input\.bad contains a lone surrogate/],
      [() => baton.start(sleeper, JSON.parse('{"a":{"__proto__":{}}}')), "unencodable", /input\.a\.__proto__/],
      [() => baton.start(sleeper, "x".repeat(17 * 1024 * 1024)), "limit", /the limit is 1048576/],
      [() => baton.start(order, input, { idempotencyKey: "" }), "invalid-name", /idempotency key/],
      [() => baton.start(order, input, { priority: 601 }), "invalid-option", /priority/],
      [() => baton.startMany(order, [{ input }, { input: { id: 7 } as never }]), "invalid-input", /input\.id/],
      [() => baton.emit({ name: "e", data: { n: Number.NaN } }), "unencodable", /data\.n/],
      [() => baton.get("run_unknown"), "not-found", /run_unknown/],
    ];
    for (const [act, code, message] of bad) await assert.rejects(act(), { code, message });
    await baton.engine.store.query("stats", {});
    assert.equal(await countOf(), before);
  });

  it("starts many runs together", async () => {
    const handles = await baton.startMany(
      order,
      Array.from({ length: 500 }, (_, i) => ({ input: { ...input, id: String(i) } })),
    );
    const totals = await Promise.all(handles.map(async (handle) => (await handle.result()).total));
    assert.deepEqual([...new Set(totals)], [5]);
    assert.equal(new Set(handles.map((handle) => handle.id)).size, 500);
  });

  it("reports a dead letter, and a waiting caller gets its error", async () => {
    const deadLetters: DeadLetter[] = [];
    const stop = baton.onDeadLetter((letter) => deadLetters.push(letter));
    const handle = await baton.start(failing, null);
    await assert.rejects(handle.result(), { name: "RunFailedError", code: "run-failed", message: /declined/ });
    stop();
    assert.deepEqual(
      deadLetters.map((letter) => [letter.run, letter.step, letter.error.message]),
      [[handle.id, "bad", "card 4711 declined"]],
    );
  });

  it("failures of one cause share a fingerprint", async () => {
    for (let i = 0; i < 3; i++) await (await baton.start(failing, null)).result().catch(() => {});
    const groups = await baton.engine.store.query("deadGroups", { limit: 10 });
    assert.equal(groups.length, 1);
    assert.ok((groups[0]?.count ?? 0) >= 3);
  });

  it("delays a start, and keeps a sleeping run out of memory", async () => {
    const later = await baton.start(order, input, { after: "1h" });
    assert.equal(await later.status(), "pending");
    const asleep = await baton.start(sleeper, null);
    while ((await asleep.status()) !== "waiting") await new Promise((resolve) => setImmediate(resolve));
    assert.equal(baton.engine.activeCount, 0);
    await asleep.cancel({ why: "test" });
    assert.equal(await asleep.status(), "cancelled");
    await assert.rejects(asleep.cancel(), { code: "illegal" });
    await later.cancel();
  });

  it("currentRun returns the current run and step anywhere in the code", async () => {
    const seen: unknown[] = [];
    const deep = async (): Promise<void> => {
      await Promise.resolve();
      seen.push([currentRun()?.run.id, currentRun()?.step]);
    };
    const definition = workflow({ name: "deep" }, async (ctx) => ctx.step("inside", deep));
    baton.register(definition);
    const handle = await baton.start(definition, null);
    await handle.result();
    assert.deepEqual(seen, [[handle.id, "inside"]]);
    assert.equal(currentRun(), null);
  });

  it("a run whose version is not loaded waits with a reason", async () => {
    const path = join(folder, "versions.db");
    const other = await openBaton({ store: `sqlite:${path}`, definitions: [sleeper] });
    const { id } = await other.start(sleeper, null, { after: 1 });
    await other.close();
    const without = await openBaton({ store: `sqlite:${path}` });
    let reason = (await without.runs())[0]?.reason;
    while (reason?.code !== "no-worker") {
      await new Promise((resolve) => setImmediate(resolve));
      without.engine.wake();
      reason = (await without.runs())[0]?.reason;
    }
    assert.deepEqual(reason, { code: "no-worker", definition: "sleeper", version: 1 });
    assert.equal((await without.runs())[0]?.id, id);
    await without.close();
  });
});
