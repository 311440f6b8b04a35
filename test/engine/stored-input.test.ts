import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workflow } from "baton";
import { openTestBaton } from "baton/testing";
import { z } from "zod";

/** A schema that may not run twice: its output does not match its own input. */
const Amount = z.object({ cents: z.string().transform(Number) });

describe("a stored input", () => {
  it("is continued as the code passes it, without running its schema again", async () => {
    const seen: number[] = [];
    const count = workflow({ name: "count", input: Amount }, async (ctx, { cents }) => {
      await ctx.step("see", () => void seen.push(cents));
      if (cents < 3) await ctx.continueAsNew({ cents: cents + 1 });
      return cents;
    });
    const test = await openTestBaton({ definitions: [count] });
    assert.equal(await (await test.start(count, { cents: "1" })).result(), 3);
    assert.deepEqual(seen, [1, 2, 3]);
    await test.close();
  });

  it("of a batch is a list already, also when the batch continues", async () => {
    const seen: unknown[] = [];
    const batch = workflow<number>({ name: "batch", batch: { size: 2, wait: "1m" } }, async (ctx, numbers) => {
      const list = numbers as unknown as number[];
      await ctx.step("see", () => void seen.push(list));
      if (list.length > 1) await ctx.continueAsNew(list.slice(1));
    });
    const test = await openTestBaton({ definitions: [batch] });
    await test.start(batch, 1);
    await test.start(batch, 2);
    await test.advance("2m");
    assert.deepEqual(seen, [[1, 2], [2]]);
    await test.close();
  });

  it("of a run is run again as it is", async () => {
    const sum = workflow({ name: "sum", input: Amount }, (ctx, { cents }) => ctx.step("add", () => cents + 1));
    const test = await openTestBaton({ definitions: [sum] });
    const { engine } = test.baton;
    const again = await engine.startRun("sum", { cents: 5 }, {}, { by: "ann" }, { form: "stored" });
    await test.settle();
    assert.equal(await engine.store.query("output", { run: again.no }), "6");
    await assert.rejects(engine.startRun("sum", { cents: 5 }, {}, { by: "ann" }), { code: "invalid-input" });
    await test.close();
  });

  it("from before its workflow was a batch becomes a list of one", async () => {
    const seen: unknown[] = [];
    const batch = workflow<number>({ name: "batch", batch: { size: 2, wait: "1m" } }, (ctx, numbers) =>
      ctx.step("see", () => void seen.push(numbers)),
    );
    const test = await openTestBaton({ definitions: [batch] });
    await test.baton.engine.startRun("batch", 5, {}, { by: "ann" }, { form: "stored" });
    await test.settle();
    assert.deepEqual(seen, [[5]]);
    await test.close();
  });
});
