import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AnyWorkflow, workflow } from "baton";
import { within } from "./within.ts";

const rounds = 200;

/** Polls until its last round. Counts how often its code begins anew. */
function makePoll(): { poll: AnyWorkflow; begun: () => number; seen: number[] } {
  let begun = 0;
  const seen: number[] = [];
  const poll = workflow({ name: "poll" }, async (ctx) => {
    begun += 1;
    for (let n = 0; n < rounds; n++) {
      await ctx.step("check", () => void seen.push(n));
      await ctx.sleep("pause", "10s");
    }
    return rounds;
  });
  return { poll, begun: () => begun, seen };
}

describe("a run that polls", () => {
  it("does not replay its earlier rounds in each round", async () => {
    const { poll, begun, seen } = makePoll();
    await within([poll], async (test) => {
      const handle = await test.start(poll, null);
      await test.advance(`${rounds * 10 + 60}s`);
      assert.equal(await handle.status(), "completed");
      // It is replayed while its history is short, then it stays in memory.
      assert.ok(begun() < 40, `its code began ${begun()} times`);
      assert.equal(seen.length, rounds);
    });
  });

  it("continues after a crash, an action and a change of its version as a replayed run does", async () => {
    const { poll, seen } = makePoll();
    await within([poll], async (test) => {
      const handle = await test.start(poll, null);
      await test.advance("700s");
      await test.crash();
      await test.advance("300s");
      await handle.suspend();
      await test.advance("60s");
      await handle.resume();
      await test.advance("300s");
      await handle.restart("check#100");
      await test.advance(`${rounds * 10}s`);
      assert.equal(await handle.status(), "completed");
      assert.deepEqual(new Set(seen).size, rounds);
    });
  });

  it("receives events, retries and a cancel where it waits", async () => {
    let failures = 0;
    const worker = workflow({ name: "worker" }, async (ctx) => {
      for (let n = 0; n < 60; n++) await ctx.step("fill", () => n);
      const event = await ctx.waitForEvent<number>("go");
      await ctx.step("flaky", () => (failures++ < 2 ? Promise.reject(new Error("no")) : 1), {
        retry: { attempts: 5, first: "1h", max: "1h", backoff: "constant", jitter: 0 },
      });
      await ctx.sleep("nap", "1h");
      await ctx.waitForEvent("never");
      return event?.data;
    });
    await within([worker], async (test) => {
      const handle = await test.start(worker, null);
      await test.advance("10s");
      await test.emit({ name: "go", data: 7 });
      await test.settle();
      assert.equal((await handle.detail()).row.reason?.code, "retry");
      await handle.retry();
      await test.advance("1s");
      assert.equal(failures, 2, "a retry comes at once when a person asks for it");
      assert.equal((await handle.detail()).row.reason?.code, "retry", "and only once");
      await test.advance("61m");
      assert.equal((await handle.detail()).row.reason?.code, "timer");
      await test.advance("2h");
      await handle.cancel();
      await test.settle();
      assert.equal(await handle.status(), "cancelled");
    });
  });

  it("is replayed when its code has gone on while it was parked", async () => {
    let release = (): void => {};
    let begun = 0;
    const odd = workflow({ name: "odd" }, async (ctx) => {
      begun += 1;
      for (let n = 0; n < 60; n++) await ctx.step("fill", () => n);
      const outside = begun > 1 ? Promise.resolve() : new Promise<void>((resolve) => (release = resolve));
      const both = Promise.all([ctx.sleep("nap", "1m"), outside.then(() => ctx.step("late", () => begun))]);
      return (await both)[1];
    });
    await within([odd], async (test) => {
      const handle = await test.start(odd, null);
      await test.advance("10s");
      release();
      await test.settle();
      await test.advance("2m");
      assert.equal(await handle.result(), 2);
      assert.equal(begun, 2);
    });
  });
});
