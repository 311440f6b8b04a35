import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Context, NonRetryableError, workflow } from "baton";
import { openTestBaton, type TestBaton, type TestHandle } from "baton/testing";
import { currentRun } from "../../src/app/current-run.ts";
import type { LeasedRun } from "../../src/kernel/model/run.ts";

function fail(): never {
  throw new NonRetryableError("down");
}

async function within(
  code: (ctx: Context) => Promise<unknown>,
  work: (test: TestBaton, handle: TestHandle<unknown>) => Promise<void>,
): Promise<void> {
  const definition = workflow({ name: "careless" }, code);
  const test = await openTestBaton({ definitions: [definition] });
  try {
    await work(test, await test.start(definition, null));
  } finally {
    await test.close();
  }
}

const child = workflow({ name: "child" }, (ctx) => ctx.step("fails", fail));

describe("a failure that the code ignores", () => {
  const ignoring: { readonly [what: string]: (ctx: Context) => Promise<unknown> } = {
    step: (ctx) => ctx.step("fails", fail),
    call: (ctx) => ctx.call(child, null, { key: "fails" }),
    map: (ctx) => ctx.map("items", [1], (_item, item) => item.step("fails", fail)),
    race: (ctx) => ctx.race({ only: (branch) => branch.step("fails", fail) }),
  };
  for (const [what, begin] of Object.entries(ignoring)) {
    it(`fails the run with its own error and step: ${what}`, async () => {
      const test = await openTestBaton();
      const definition = workflow({ name: "careless" }, async (ctx) => {
        begin(ctx);
        await ctx.sleep("nap", "1h");
        return "done";
      });
      test.register(definition);
      test.register(child);
      const handle = await test.start(definition, null);
      await assert.rejects(handle.result(), /down/);
      const { row } = await handle.detail();
      assert.equal(row.status, "failed");
      assert.equal(row.error?.message, "down");
      assert.match(row.error?.step ?? "", /fails$/);
      await test.close();
    });

    it(`does not fail the run if it is awaited late: ${what}`, async () => {
      const test = await openTestBaton();
      const definition = workflow({ name: "late" }, async (ctx) => {
        const begun = begin(ctx);
        await ctx.sleep("nap", "1h");
        return begun.then(
          () => "none",
          () => "caught",
        );
      });
      test.register(definition);
      test.register(child);
      assert.equal(await (await test.start(definition, null)).result(), "caught");
      await test.close();
    });
  }

  it("can be resumed: the failed step runs again", async () => {
    let isDown = true;
    await within(
      async (ctx) => {
        ctx.step("fails", () => {
          if (isDown) fail();
        });
        await ctx.sleep("nap", "1h");
        return "done";
      },
      async (_test, handle) => {
        await assert.rejects(handle.result(), /down/);
        isDown = false;
        await handle.resume();
        assert.equal(await handle.result(), "done");
      },
    );
  });

  it("of a branch that has lost does not count", async () => {
    await within(
      async (ctx) => {
        await ctx.race({
          quick: (branch) => branch.sleep("nap", "1m"),
          slow: async (branch) => {
            branch.step("fails", fail);
            await branch.sleep("long", "1h");
          },
        });
        return "done";
      },
      async (_test, handle) => assert.equal(await handle.result(), "done"),
    );
  });

  it("is decided the same wherever the process crashes", async () => {
    let operations = 1;
    for (let operation = 1; operation <= operations; operation++) {
      await within(
        async (ctx) => {
          ctx.step("fails", fail);
          await ctx.step("works", () => 1);
          await ctx.sleep("nap", "1h");
          return "done";
        },
        async (test, handle) => {
          const first = test.operations;
          test.crashAt(first + operation);
          await assert.rejects(handle.result(), /down/, `operation ${operation}`);
          operations = Math.max(operations, Math.min(20, test.operations - first));
        },
      );
    }
  });
});

describe("a rejected promise that nothing handles", () => {
  it("fails the run, names the step, and keeps the step's result for a resume", async () => {
    let attempts = 0;
    let held: LeasedRun | null = null;
    await within(
      async (ctx) => {
        await ctx.step("leaves a promise", () => {
          attempts += 1;
        });
        return ctx.step("hang", ({ signal }) => {
          if (held !== null) return "resumed";
          held = currentRun()?.run ?? null;
          return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
        });
      },
      async (test, handle) => {
        const { engine } = test.baton;
        while (held === null) await new Promise((resolve) => setImmediate(resolve));
        const run = held as LeasedRun;
        assert.equal(engine.runRejected(run, "leaves a promise", new Error("too late")), true);
        await assert.rejects(handle.result(), { code: "run-failed" });
        const { row } = await handle.detail();
        assert.equal(row.error?.code, "unhandled-rejection");
        assert.equal(row.error?.step, "leaves a promise");
        assert.match(row.error?.message ?? "", /step "leaves a promise" of run run_.* too late/);
        assert.equal(engine.runRejected(run, null, new Error("again")), false, "the run is over");
        await handle.resume();
        assert.equal(await handle.result(), "resumed");
        assert.equal(attempts, 1);
      },
    );
  });
});

describe("operations that are unfinished when the code ends", () => {
  it("are named in a warning and in the run's log", async () => {
    await within(
      async (ctx) => {
        ctx.step("hangs", () => new Promise(() => {}));
        ctx.waitForEvent("never");
        await ctx.sleep("nap", "1s");
        return "done";
      },
      async (test, handle) => {
        assert.equal(await handle.result(), "done");
        const logs = await test.baton.engine.store.query("logs", {
          run: (await handle.detail()).row.no,
          after: 0,
          limit: 10,
        });
        assert.deepEqual(
          logs.map((line) => [line.level, line.message]),
          [["warn", "the code ended before these operations, which it did not await: hangs, never"]],
        );
      },
    );
  });
});
