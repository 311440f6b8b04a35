import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NonRetryableError, workflow } from "baton";
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
        test.crashAt(Number.MAX_SAFE_INTEGER);
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

describe("a map that fails", () => {
  /** Items 0 and 4 complete, then item 1 fails while item 2 hangs in a step and item 3 waits for a child. */
  function setup() {
    const begun: string[] = [];
    const state = { isMended: false, isAborted: false };
    const batch = workflow({ name: "batch" }, async (ctx, isCaught: boolean) => {
      const mapped = ctx.map(
        "items",
        [0, 1, 2, 3, 4],
        async (item, branch) => {
          if (item === 0) return branch.step("work", () => item);
          if (item === 1) await branch.sleep("before", "1m");
          if (item === 3) return branch.call(slow, null).then(() => item);
          if (item === 2 && !state.isMended)
            await branch.step(
              "hang",
              (attempt) =>
                new Promise((resolve) => {
                  attempt.signal.addEventListener("abort", () => {
                    state.isAborted = true;
                    resolve(null);
                  });
                }),
            );
          await branch.step(
            "work",
            () => {
              begun.push(`${item}`);
              if (item === 1 && !state.isMended) throw new NonRetryableError("bad item");
            },
            { retry: false },
          );
          await branch.step("last", () => {});
          return item;
        },
        { concurrency: 4 },
      );
      if (!isCaught) return mapped;
      const caught = await mapped.catch((error: unknown) => error as Error & { details: unknown; step: string });
      if (Array.isArray(caught)) return caught;
      const { name, message, step, details } = caught;
      await ctx.sleep("after", "1h");
      return { name, message, step, details };
    });
    return { batch, begun, state };
  }
  const failure = {
    name: "StepFailedError",
    message: "bad item",
    step: "items[1]/work",
    details: { map: "items", failed: 1, succeeded: [0, 4], stopped: [2, 3] },
  };

  it("stops the other items and says what had succeeded", async () => {
    const { batch, begun, state } = setup();
    await within({ definitions: [batch, slow] }, async (test) => {
      const handle = await test.start(batch, true);
      await test.settle();
      for (let i = 0; i < 200 && !state.isAborted; i++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (i > 50) test.clock.fireNext(test.clock.now() + 60_000);
      }
      assert.equal(state.isAborted, true);
      assert.deepEqual(await handle.result(), failure);
      assert.deepEqual(begun, ["4", "1"], "item 2 has begun nothing after its first step");
      assert.deepEqual(await childrenOf(test), ["cancelled"]);
    });
  });

  it("a resume retries the failed item and continues the others", async () => {
    const { batch, state } = setup();
    await within({ definitions: [batch, slow] }, async (test) => {
      const handle = await test.start(batch, false);
      await test.settle();
      for (let i = 0; i < 200 && (await handle.status()) !== "failed"; i++) {
        await new Promise((resolve) => setImmediate(resolve));
        test.clock.fireNext(test.clock.now() + 60_000);
      }
      const { row } = await handle.detail();
      assert.equal(row.status, "failed");
      assert.equal(row.error?.step, "items[1]/work");
      assert.deepEqual(row.error?.details, failure.details);
      state.isMended = true;
      await handle.resume();
      assert.deepEqual(await handle.result(), [0, 1, 2, 3, 4]);
      assert.deepEqual((await childrenOf(test)).toSorted(), ["cancelled", "completed"]);
    });
  });

  it("fails at the same point in every replay, wherever the process crashes", async () => {
    const outputs = new Set<string>();
    const quick = workflow({ name: "quick" }, async (ctx) => {
      const error = await ctx
        .map("items", [0, 1, 2], async (item, branch) => {
          await branch.step("first", () => item);
          if (item === 2) return branch.sleep("nap", "1m").then(() => branch.step("late", () => item));
          return branch.step("second", () => {
            if (item === 1) throw new NonRetryableError("bad item");
            return item;
          });
        })
        .catch((thrown: Error & { details?: unknown }) => thrown);
      const details = "details" in error ? error.details : null;
      outputs.add(JSON.stringify(details));
      await ctx.step("after", () => 1);
      await ctx.sleep("rest", "1h");
      return details;
    });
    await killedAnywhere(
      () => ({ definitions: [quick] }),
      (test) => test.start(quick, null),
      async (_test, handle, where) => {
        const { row, entries, waits } = await handle.detail();
        assert.equal(row.status, "completed", where);
        assert.deepEqual(waits, []);
        assert.ok(!entries.some((entry) => entry.key === "items[2]/late"), where);
      },
    );
    assert.deepEqual([...outputs], [JSON.stringify({ map: "items", failed: 1, succeeded: [0], stopped: [2] })]);
  });

  it("a tolerated failure stops only its own item", async () => {
    const tolerant = workflow({ name: "tolerant" }, async (ctx) => {
      const results = await ctx.map(
        "items",
        [0, 1],
        async (item, branch) => {
          if (item === 0) return branch.sleep("nap", "1m").then(() => item);
          await Promise.all([
            branch.call(slow, null),
            branch.step("work", () => {
              throw new NonRetryableError("bad item");
            }),
          ]);
          return item;
        },
        { tolerateFailures: true },
      );
      return results.map((result) => (typeof result === "number" ? result : result.error.message));
    });
    await within({ definitions: [tolerant, slow] }, async (test) => {
      assert.deepEqual(await (await test.start(tolerant, null)).result(), [0, "bad item"]);
      assert.ok((await childrenOf(test)).every((status) => status === "cancelled"));
    });
  });
});
