import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NonRetryableError, workflow } from "baton";
import { openTestBaton } from "baton/testing";

describe("continueAsNew", () => {
  it("continues as a new run with the same key and an empty history, and a waiting caller gets the last result", async () => {
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
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    } finally {
      await test.close();
    }
  });

  it("consumes each event that arrives meanwhile exactly once", async () => {
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
      assert.deepEqual(
        await handle.result(),
        Array.from({ length: 20 }, (_, n) => n),
      );
    } finally {
      await test.close();
    }
  });

  it("a call can compensate its completed child", async () => {
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

  it("compensates all runs of a continued child, newest first, also across crashes", async () => {
    const acts: string[] = [];
    const child = workflow<number>({ name: "child" }, async (ctx, n) => {
      await ctx.step("a", () => void acts.push(`a${n}`), { undo: () => void acts.push(`undo a${n}`) });
      return n === 2 ? "done" : ctx.continueAsNew(n + 1);
    });
    const parent = workflow({ name: "parent", onFailure: "compensate" }, async (ctx) => {
      await ctx.call(child, 0, { undo: "compensate" });
      await ctx.step("fail", () => Promise.reject(new Error("no")), { retry: false });
    });
    const test = await openTestBaton({ definitions: [child, parent] });
    try {
      const handle = await test.start(parent, null);
      for (let n = 0; n < 3; n++) {
        await test.advance("150ms");
        await test.crash();
      }
      await test.advance("1m");
      assert.deepEqual((await handle.detail()).row.reason, { code: "compensated", undone: ["child"], error: "no" });
      assert.deepEqual(acts, ["a0", "a1", "a2", "undo a2", "undo a1", "undo a0"]);
      const children = await test.baton.runs({ name: "child" });
      assert.deepEqual(new Set(children.map((run) => run.status)), new Set(["cancelled"]));
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    } finally {
      await test.close();
    }
  });

  it("a resumed parent gets a new child in place of a compensated one", async () => {
    let isBroken = true;
    const child = workflow({ name: "child", onFailure: "compensate" }, async (ctx) => {
      await ctx.step("a", () => 1, { undo: () => {} });
      await ctx.step("b", () => {
        if (isBroken) throw new NonRetryableError("not yet");
      });
      return "done";
    });
    const parent = workflow({ name: "parent" }, (ctx) => ctx.call(child, null));
    const test = await openTestBaton({ definitions: [child, parent] });
    try {
      const handle = await test.start(parent, null);
      await assert.rejects(handle.result(), /not yet/);
      isBroken = false;
      await handle.resume();
      assert.equal(await handle.result(), "done");
      assert.equal((await test.baton.runs({ name: "child" })).length, 2);
    } finally {
      await test.close();
    }
  });

  it("the losing wait of a race ends even if the process crashes right after the race", async () => {
    const racer = workflow({ name: "racer" }, async (ctx) => {
      await ctx.race({
        event: (branch) => branch.waitForEvent("go"),
        nap: (branch) => branch.sleep("nap", "1h"),
      });
      return ctx.waitForEvent("end");
    });
    let operations = 0;
    for (let offset = 1; offset <= Math.max(1, operations); offset++) {
      const test = await openTestBaton({ definitions: [racer] });
      try {
        const handle = await test.start(racer, null);
        await test.settle();
        const before = test.operations;
        test.crashAt(before + offset);
        test.emit({ name: "go", id: "go" }).catch(() => {});
        await test.settle();
        // Again, in case it was not accepted before the kill; a repeated event does nothing.
        test.emit({ name: "go", id: "go" }).catch(() => {});
        await test.advance("2h");
        operations = Math.max(operations, Math.min(12, test.operations - before));
        test.crashAt(Number.MAX_SAFE_INTEGER);
        assert.ok(test.operations - before < 200, `${test.operations - before} operations for one event`);
        assert.deepEqual(
          (await handle.detail()).waits.map((wait) => wait.key),
          ["end"],
          `killed after operation ${offset}`,
        );
      } finally {
        await test.close();
      }
    }
  });
});
