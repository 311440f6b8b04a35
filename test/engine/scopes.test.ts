import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workflow } from "baton";
import { openTestBaton, type TestBaton, type TestHandle } from "baton/testing";

type Setup = Parameters<typeof openTestBaton>[0];

async function within(options: Setup, work: (test: TestBaton) => Promise<void>): Promise<void> {
  const test = await openTestBaton(options);
  try {
    await work(test);
    assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
  } finally {
    await test.close();
  }
}

/** Repeats a scenario with the process killed before and after each of its store operations. */
async function killedAnywhere(
  options: () => Setup,
  begin: (test: TestBaton) => Promise<TestHandle<unknown>>,
  check: (test: TestBaton, handle: TestHandle<unknown>, where: string) => Promise<void>,
): Promise<void> {
  let operations = 1;
  for (let operation = 0; operation <= Math.min(operations, 40); operation++) {
    for (const side of ["before", "after"] as const) {
      await within(options(), async (test) => {
        const handle = await begin(test);
        const first = test.operations;
        if (operation > 0) test.crashAt(first + operation, side);
        await handle.result().catch(() => {});
        if (operation === 0) operations = test.operations - first;
        await test.settle();
        await check(test, handle, `killed ${side} operation ${operation}`);
      });
    }
  }
}

const slow = workflow({ name: "slow" }, async (ctx) => {
  await ctx.sleep("long", "1d");
  return "late";
});

async function childrenOf(test: TestBaton): Promise<readonly string[]> {
  return (await test.baton.runs({ name: "slow" })).map((run) => run.status);
}

describe("a branch that loses a race", () => {
  const racer = workflow({ name: "racer" }, async (ctx) => {
    const { winner } = await ctx.race({
      nap: (branch) => branch.sleep("nap", "1m"),
      child: (branch) => branch.call(slow, null),
    });
    await ctx.step("after", () => winner);
    await ctx.sleep("rest", "1h");
    return winner;
  });

  it("stops the child run that it awaits, and the run hears nothing more from it", async () => {
    await within({ definitions: [racer, slow] }, async (test) => {
      const handle = await test.start(racer, null);
      await test.settle();
      assert.deepEqual(await childrenOf(test), ["waiting"]);
      await test.advance("2m");
      assert.deepEqual(await childrenOf(test), ["cancelled"]);
      assert.equal(await handle.result(), "nap");
      const [child] = await test.baton.runs({ name: "slow" });
      assert.deepEqual(child?.reason, { code: "by-person", by: "parent", why: "its branch was stopped" });
    });
  });

  it("stops the child even if the process crashes at any point around the race", async () => {
    await killedAnywhere(
      () => ({ definitions: [racer, slow] }),
      (test) => test.start(racer, null),
      async (test, handle, where) => {
        assert.equal(await handle.status(), "completed", where);
        assert.deepEqual(await childrenOf(test), ["cancelled"], where);
      },
    );
  });

  it("stops the child when the run ends in the same turn", async () => {
    const short = workflow({ name: "short" }, async (ctx) => {
      const { winner } = await ctx.race({
        nap: (branch) => branch.sleep("nap", "1m"),
        child: (branch) => branch.call(slow, null),
      });
      return winner;
    });
    await killedAnywhere(
      () => ({ definitions: [short, slow] }),
      (test) => test.start(short, null),
      async (test, _handle, where) => assert.deepEqual(await childrenOf(test), ["cancelled"], where),
    );
  });

  it("does not start a child that it requests as it loses", async () => {
    const late = workflow({ name: "late" }, async (ctx) => {
      const { winner } = await ctx.race({
        quick: (branch) => branch.step("quick", () => 1),
        child: (branch) => branch.call(slow, null),
      });
      await ctx.sleep("rest", "1h");
      return winner;
    });
    await within({ definitions: [late, slow] }, async (test) => {
      await (await test.start(late, null)).result();
      assert.ok((await childrenOf(test)).every((status) => status === "cancelled"));
    });
  });

  it("leaves a child alone that it started without awaiting it", async () => {
    const starter = workflow({ name: "starter" }, async (ctx) => {
      await ctx.race({
        nap: (branch) => branch.sleep("nap", "1m"),
        child: async (branch) => {
          await branch.start(slow, null);
          return branch.waitForEvent("never");
        },
      });
    });
    await within({ definitions: [starter, slow] }, async (test) => {
      await (await test.start(starter, null)).result();
      assert.deepEqual(await childrenOf(test), ["waiting"]);
    });
  });
});
