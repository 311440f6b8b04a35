import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workflow } from "baton";
import { openTestBaton } from "baton/testing";

describe("continueAsNew", () => {
  it("goes on as a new run with the same key and an empty history, and whoever waits gets the last result", async () => {
    const counter = workflow<number>({ name: "counter", key: (n) => `count:${n}` }, async (ctx, n) => {
      await ctx.step("count", () => n);
      if (n === 5) return `counted to ${n}`;
      return ctx.continueAsNew(n + 1);
    });
    const parent = workflow({ name: "parent" }, (ctx) => ctx.call(counter, 3));
    const test = await openTestBaton({ definitions: [counter, parent] });
    try {
      assert.equal(await (await test.start(counter, 0)).result(), "counted to 5");
      const runs = await test.baton.runs({ name: "counter" });
      assert.equal(runs.length, 6);
      assert.deepEqual([...new Set(runs.map((run) => run.key))], ["count:0"], "one business key, one timeline");
      assert.equal(await (await test.start(parent, null)).result(), "counted to 5");
      assert.deepEqual(await test.baton.engine.store.query("strays", {}), []);
    } finally {
      await test.close();
    }
  });

  it("loses no event that comes while it goes on, and takes none twice", async () => {
    const collector = workflow<number[]>({ name: "collector" }, async (ctx, got) => {
      const event = await ctx.waitForEvent<number>("number");
      const all = [...got, event?.data ?? -1];
      if (all.length === 20) return all;
      return ctx.continueAsNew(all);
    });
    const test = await openTestBaton({ definitions: [collector] });
    try {
      const handle = await test.start(collector, []);
      for (let n = 0; n < 20; n++) {
        await test.emit({ name: "number", data: n });
        if (n % 7 === 3) await test.crash();
      }
      assert.deepEqual(await handle.result(), Array.from({ length: 20 }, (_, n) => n));
    } finally {
      await test.close();
    }
  });

  it("a completed child is undone by its own undos when the call says so", async () => {
    const acts: string[] = [];
    const child = workflow({ name: "child" }, async (ctx) => {
      await ctx.step("a", () => void acts.push("a"), { undo: () => void acts.push("undo a") });
      return "done";
    });
    const parent = workflow({ name: "parent", onFailure: "compensate" }, async (ctx) => {
      await ctx.step("p", () => void acts.push("p"), { undo: () => void acts.push("undo p") });
      await ctx.call(child, null, { undo: "compensate" });
      await ctx.call(child, null, { key: "kept" });
      await ctx.step("fail", () => Promise.reject(new Error("no")), { retry: false });
    });
    const test = await openTestBaton({ definitions: [child, parent] });
    try {
      const handle = await test.start(parent, null);
      await test.advance("1m");
      const { row } = await handle.detail();
      assert.deepEqual(row.reason, { code: "compensated", undone: ["child", "p"], error: "no" });
      assert.deepEqual(acts, ["p", "a", "a", "undo a", "undo p"]);
      const children = await test.baton.runs({ name: "child" });
      assert.deepEqual(children.map((run) => run.status).sort(), ["cancelled", "completed"]);
    } finally {
      await test.close();
    }
  });
});
