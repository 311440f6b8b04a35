import assert from "node:assert/strict";
import { test } from "node:test";
import { workflow } from "baton";
import { openTestBaton } from "baton/testing";

test("a run's number is not reused when the newest run is removed, also across a restart", async () => {
  const job = workflow<number>({ name: "job" }, (ctx, n) => ctx.step("work", () => n));
  const test = await openTestBaton({ definitions: [job] });
  try {
    const seen = new Set<number>();
    for (let n = 0; n < 4; n++) {
      const handle = await test.start(job, n, { idempotencyKey: `key ${n}` });
      await handle.result();
      const { row } = await handle.detail();
      assert.ok(!seen.has(row.no), `number ${row.no} was reused`);
      seen.add(row.no);
      await test.baton.erase({ run: handle.id, why: "test" });
      if (n === 1) await test.crash();
    }
    const last = await test.start(job, 9);
    assert.equal(await last.result(), 9);
    assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
  } finally {
    await test.close();
  }
});
