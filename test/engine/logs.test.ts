import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workflow } from "baton";
import { openTestBaton, type TestBaton } from "baton/testing";
import fc from "fast-check";

/** Moves the clock without waiting in real time for the running step, as `advance` would. */
async function pass(test: TestBaton, ms: number): Promise<void> {
  const until = test.clock.now() + ms;
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  do await turns();
  while (test.clock.fireNext(until));
  await turns();
}

async function linesOf(test: TestBaton, id: string): Promise<readonly string[]> {
  const no = (await test.baton.engine.store.query("run", { id }))?.row.no ?? 0;
  const lines = await test.baton.engine.store.query("logs", { run: no, after: 0, limit: 1_000 });
  return lines.map((line) => line.message);
}

describe("log lines of a running step", () => {
  it("are stored within a second, and survive a crash of the process at any time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 60_000 }), async (crashMs) => {
        const test = await openTestBaton({ definitions: [] });
        const long = workflow({ name: "long" }, async (ctx) => {
          await ctx.step("wait a minute", async (attempt) => {
            for (let i = 0; i < 60; i++) {
              attempt.log.info(`second ${i}`);
              await new Promise<void>((resolve) => test.clock.after(1_000, resolve));
            }
          });
        });
        test.register(long);
        const { id } = await test.baton.start(long, undefined);
        await pass(test, crashMs);
        await test.crash();
        const lines = new Set(await linesOf(test, id));
        for (let i = 0; i * 1_000 <= crashMs - 1_000; i++) assert.ok(lines.has(`second ${i}`), `second ${i}`);
        await test.close();
      }),
      { numRuns: 8 },
    );
  });

  it("are stored once, in order, with those of the end of the step", async () => {
    const test = await openTestBaton({ definitions: [] });
    const slow = workflow({ name: "slow" }, async (ctx) => {
      ctx.log.info("begun");
      await ctx.step("s", async (attempt) => {
        for (let i = 0; i < 5; i++) {
          attempt.log.info(`line ${i}`);
          await new Promise<void>((resolve) => test.clock.after(300, resolve));
        }
      });
      ctx.log.info("done");
    });
    test.register(slow);
    const { id } = await test.baton.start(slow, undefined);
    await pass(test, 10_000);
    assert.deepEqual(await linesOf(test, id), ["begun", "line 0", "line 1", "line 2", "line 3", "line 4", "done"]);
    await test.close();
  });

  it("of a sensitive step are hidden in the store while it runs", async () => {
    const test = await openTestBaton({ definitions: [], sensitiveKey: "k".repeat(32) });
    const secret = workflow({ name: "secret" }, async (ctx) => {
      const work = async (attempt: { log: { info(message: string): void } }): Promise<void> => {
        attempt.log.info("password 4711");
        await new Promise<void>((resolve) => test.clock.after(5_000, resolve));
      };
      await ctx.step("s", work, { sensitive: true });
    });
    test.register(secret);
    const { id } = await test.baton.start(secret, undefined);
    await pass(test, 1_000);
    assert.deepEqual(await linesOf(test, id), ["hidden: the step is sensitive"]);
    await test.close();
  });
});
