import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { on, workflow } from "baton";
import { within } from "./within.ts";

/** Continues each minute, for ever. */
const loop = workflow<number>({ name: "loop" }, async (ctx, n) => {
  await ctx.sleep("pause", "1m");
  return ctx.continueAsNew(n + 1);
});

describe("a chain of continued runs is one execution", () => {
  it("an action on any of its runs is for the open one, but their steps are over", async () => {
    await within([loop], async (test) => {
      const first = await test.start(loop, 0);
      await test.advance("5m");
      const parts = await test.baton.runs({ name: "loop" });
      assert.ok(parts.length > 4);
      const [newest, middle] = [parts[0], parts[2]];
      await assert.rejects(first.restart("pause"), { code: "illegal", message: /has continued as run/ });
      await (await test.baton.get(middle?.id ?? "")).suspend();
      await test.settle();
      assert.equal(await test.baton.get(newest?.id ?? "").then((handle) => handle.status()), "suspended");
      await first.resume();
      await test.advance("2m");
      await first.cancel();
      await test.settle();
      await assert.rejects(first.result(), { status: "cancelled" });
      const ended = await test.baton.runs({ name: "loop" });
      assert.deepEqual(
        ended.filter(({ status }) => status !== "completed").map(({ status }) => status),
        ["cancelled"],
      );
    });
  });

  it("overlap and singleton count it as one run", async () => {
    const single = workflow<number>({ name: "single", singleton: { policy: "skip" } }, async (ctx, n) => {
      await ctx.sleep("pause", "1m");
      return n > 3 ? n : ctx.continueAsNew(n + 1);
    });
    const nightly = workflow(
      { name: "nightly", on: on.schedule({ every: "2m", overlap: "skip", input: () => 0 }) },
      async (ctx, n: number) => {
        await ctx.sleep("pause", "45s");
        return n > 100 ? n : ctx.continueAsNew(n + 1);
      },
    );
    await within([single, nightly], async (test) => {
      const first = await test.start(single, 0);
      await test.advance("150s");
      await assert.rejects(test.start(single, 0), { code: "skipped" });
      await first.result();
      await (await test.start(single, 9)).result();
      await test.advance("6m");
      const starts = (await test.baton.runs({ name: "nightly", limit: 100 })).filter(
        ({ origin }) => origin.by === "schedule",
      );
      assert.equal(starts.length, 1, "its first firing still runs, in another part");
    });
  });

  it("keeps its start attributes, its deadline and the slot that it holds", async () => {
    const held = workflow<number>(
      { name: "held", concurrency: { limit: 1, hold: "run" }, deadline: "10m" },
      async (ctx, n) => {
        await ctx.setAttributes({ round: n });
        await ctx.sleep("pause", "1m");
        return ctx.continueAsNew(n + 1);
      },
    );
    await within([held], async (test) => {
      const first = await test.start(held, 0, { attributes: { customer: "ada" } });
      const second = await test.start(held, 100);
      await test.advance("5m");
      const [newest] = (await test.baton.runs({ name: "held" })).filter(
        ({ status }) => status === "waiting" || status === "running",
      );
      assert.equal((await second.detail()).row.reason?.code, "slot");
      assert.equal(newest?.attributes?.["customer"], "ada");
      await assert.rejects(first.result(), /deadline/, "of the chain, not of each part");
      assert.ok((await test.baton.runs({ name: "held" })).length >= 8);
    });
  });

  it("a cancel stops children that an earlier part has started", async () => {
    const leaf = workflow({ name: "leaf" }, (ctx) => ctx.sleep("nap", "1d"));
    const tree = workflow<number>({ name: "tree" }, async (ctx, n) => {
      await ctx.start(leaf, null);
      await ctx.sleep("pause", "1m");
      return ctx.continueAsNew(n + 1);
    });
    await within([leaf, tree], async (test) => {
      const first = await test.start(tree, 0);
      await test.advance("3m");
      await first.cancel();
      await test.settle();
      const leaves = await test.baton.runs({ name: "leaf" });
      assert.ok(leaves.length > 2);
      assert.deepEqual([...new Set(leaves.map(({ status }) => status))], ["cancelled"]);
    });
  });

  it("is one for retention, idempotency keys and erasure", async () => {
    const daily = workflow<number>({ name: "loop" }, async (ctx, n) => {
      await ctx.sleep("pause", "1d");
      return ctx.continueAsNew(n + 1);
    });
    await within([daily], async (test) => {
      const first = await test.start(daily, 0, { idempotencyKey: "k" });
      for (let day = 0; day < 40; day++) await test.advance("1d");
      assert.equal((await test.start(daily, 0, { idempotencyKey: "k" })).id, first.id, "not a second chain");
      const erased = await test.baton.erase({ run: first.id, cancel: true });
      assert.ok(erased.runs > 1);
      assert.deepEqual(await test.baton.runs({ name: "loop" }), []);
    });
  });
});
