import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AnyWorkflow, workflow } from "baton";
import { within } from "./within.ts";

let isBroken = false;
const shared = workflow<number>({ name: "shared" }, async (ctx, n) => {
  await ctx.sleep("work", "1m");
  return ctx.step("end", () => (isBroken ? Promise.reject(new Error("no")) : n * 2), { retry: false });
});

describe("a call that joined a run", () => {
  it("gets its result again after a restart, as often as it asks", async () => {
    let fails = true;
    const parent = workflow({ name: "parent" }, async (ctx) => {
      const n = await ctx.call(shared, 1, { idempotencyKey: "k" });
      await ctx.step("last", () => (fails ? Promise.reject(new Error("not yet")) : 1), { retry: false });
      return n;
    });
    await within([shared, parent], async (test) => {
      await (await test.start(shared, 1, { idempotencyKey: "k" })).result();
      const handle = await test.start(parent, null);
      for (let round = 0; round < 3; round++) {
        await test.advance("2m");
        assert.equal(await handle.status(), "failed");
        await handle.restart("shared");
      }
      fails = false;
      await test.advance("1m");
      await handle.resume();
      assert.equal(await handle.result(), 2);
    });
  });

  it("fails again while the joined run is failed or cancelled, and gets its result when that is resumed", async () => {
    const parent = workflow({ name: "parent" }, (ctx) => ctx.call(shared, 1, { idempotencyKey: "k" }));
    isBroken = true;
    await within([shared, parent], async (test) => {
      const known = await test.start(shared, 1, { idempotencyKey: "k" });
      const handle = await test.start(parent, null);
      for (let round = 0; round < 3; round++) {
        await test.advance("2m");
        assert.equal(await handle.status(), "failed");
        await handle.resume();
      }
      await test.settle();
      isBroken = false;
      await known.resume();
      await test.settle();
      await handle.resume();
      assert.equal(await handle.result(), 2);
    });
  });

  it("is refused if it leads to the run that makes it", async () => {
    const self: AnyWorkflow = workflow({ name: "self" }, (ctx) => ctx.call(self, null, { idempotencyKey: "me" }));
    await within([self], async (test) => {
      const handle = await test.start(self, null, { idempotencyKey: "me" });
      await assert.rejects(handle.result(), { code: "run-failed", message: /which waits for this call/ });
    });
  });
});

describe("a run that others have joined", () => {
  it("goes on when the branch or the run that started it stops", async () => {
    const racer = workflow({ name: "racer" }, async (ctx) => {
      const both = await Promise.all([
        ctx.race({
          slow: (branch) => branch.call(shared, 1, { idempotencyKey: "r" }),
          fast: (branch) => branch.sleep("fast", "10s"),
        }),
        ctx.sleep("first", "5s").then(() => ctx.call(shared, 1, { idempotencyKey: "r", key: "sibling" })),
      ]);
      return both[1];
    });
    const owner = workflow({ name: "owner" }, (ctx) => ctx.call(shared, 5, { idempotencyKey: "o" }));
    await within([shared, racer, owner], async (test) => {
      assert.equal(await (await test.start(racer, null)).result(), 2);
      const first = await test.start(owner, null);
      await test.settle();
      const second = await test.start(owner, null);
      await test.settle();
      await first.cancel();
      assert.equal(await second.result(), 10);
    });
  });

  it("as a batch or by debounce keeps the starts of all", async () => {
    const seen: number[][] = [];
    const batch = workflow<number>({ name: "batch", batch: { size: 10, wait: "1m" } }, async (ctx, all) => {
      await ctx.step("see", () => void seen.push(all));
    });
    const owner = workflow<number>({ name: "owner" }, (ctx, n) => ctx.call(batch, n));
    await within([batch, owner], async (test) => {
      const first = await test.start(owner, 1);
      await test.settle();
      const second = await test.start(owner, 2);
      await test.settle();
      await first.cancel();
      await second.result();
      assert.deepEqual(seen, [[1, 2]]);
    });
  });
});

describe("a run that was resumed", () => {
  it("is waited for by a parent that has not read its earlier failure", async () => {
    isBroken = true;
    const parent = workflow({ name: "parent" }, (ctx) => ctx.call(shared, 3));
    await within([shared, parent], async (test) => {
      const handle = await test.start(parent, null);
      await test.advance("10s");
      await handle.suspend();
      await test.advance("2m");
      const [child] = await test.baton.runs({ name: "shared" });
      assert.equal(child?.status, "failed");
      isBroken = false;
      const resumed = await test.baton.get(child?.id ?? "");
      await resumed.restart({ from: "work" });
      await test.settle();
      await handle.resume();
      assert.equal(await handle.result(), 6);
    });
  });

  it("can be restarted from the call that it waits for", async () => {
    isBroken = false;
    const parent = workflow({ name: "parent" }, (ctx) => ctx.call(shared, 4));
    await within([shared, parent], async (test) => {
      const handle = await test.start(parent, null);
      await test.advance("10s");
      await handle.restart("shared");
      await test.settle();
      const children = await test.baton.runs({ name: "shared" });
      assert.deepEqual(children.map(({ status }) => status).sort(), ["cancelled", "waiting"]);
      assert.equal(await handle.result(), 8);
    });
  });
});
