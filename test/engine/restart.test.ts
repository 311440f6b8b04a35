import assert from "node:assert/strict";
import { it } from "node:test";
import { workflow } from "baton";
import { openTestBaton } from "baton/testing";

it("each restart from a call runs a new child", async () => {
  const child = workflow<number>({ name: "child" }, async (ctx, n) => {
    await ctx.sleep("work", "1m");
    return n * 2;
  });
  const parent = workflow({ name: "parent" }, async (ctx) => {
    const both = await ctx.map("items", [1, 2], (n, inside) => inside.call(child, n));
    await ctx.sleep("long", "1h");
    return both;
  });
  const test = await openTestBaton({ definitions: [child, parent] });
  try {
    const handle = await test.start(parent, null);
    for (let time = 0; time < 3; time++) {
      await test.advance("2m");
      assert.equal((await handle.detail()).waits[0]?.key, "long", `after ${time} restarts`);
      await handle.restart("items[0]/child");
    }
    assert.deepEqual(await handle.result(), [2, 4]);
    const children = await test.baton.runs({ name: "child" });
    assert.equal(children.length, 8, "two at first, and two for each of three restarts");
  } finally {
    await test.close();
  }
});
