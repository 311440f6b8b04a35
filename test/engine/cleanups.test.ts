import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NonRetryableError, workflow } from "baton";
import { openTestBaton, type TestBaton } from "baton/testing";

type Definitions = NonNullable<Parameters<typeof openTestBaton>[0]>["definitions"];

async function within(definitions: Definitions, work: (test: TestBaton) => Promise<void>): Promise<void> {
  const test = await openTestBaton({ ...(definitions === undefined ? {} : { definitions }) });
  try {
    await work(test);
    assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
  } finally {
    await test.close();
  }
}

/** A run with a cleanup of its own, of a losing branch, and of an item that ends well. */
function setup() {
  const calls: string[] = [];
  const state = { failsAtEnd: false, brokenCleanup: "", keys: new Set<string>() };
  const note = (what: string) => (attempt: { idempotencyKey: string }) => {
    if (state.brokenCleanup === what) throw new NonRetryableError(`${what} is stuck`);
    calls.push(what);
    state.keys.add(attempt.idempotencyKey);
  };
  const job = workflow({ name: "job" }, async (ctx) => {
    await ctx.cleanup("first", note("clean first"));
    await ctx.step("open", () => calls.push("open"));
    await ctx.cleanup("second", note("clean second"));
    await ctx.race({
      nap: (branch) => branch.sleep("nap", "1m"),
      loser: async (branch) => {
        await branch.cleanup("lock", note("unlock"));
        await branch.step("book", () => "b1", { undo: (id) => void calls.push(`unbook ${id}`) });
        await branch.sleep("long", "1d");
      },
    });
    await ctx.map("items", [0], async (_item, item) => {
      await item.cleanup("temp", note("drop temp"));
      return item.step("use", () => 1);
    });
    await ctx.sleep("rest", "1h");
    await ctx.step("end", () => {
      if (state.failsAtEnd) throw new NonRetryableError("no end");
      calls.push("end");
    });
    return "done";
  });
  return { job, calls, state };
}

describe("cleanups and undos of a branch that loses", () => {
  it("run newest first while the code goes on, and the run's own cleanups are not called", async () => {
    const { job, calls } = setup();
    await within([job], async (test) => {
      const handle = await test.start(job, null);
      await test.settle();
      assert.deepEqual(calls, ["open"]);
      await test.advance("2m");
      assert.deepEqual(calls, ["open", "unbook b1", "unlock"], "long before the run ends");
      assert.equal(await handle.result(), "done");
      assert.deepEqual(calls, ["open", "unbook b1", "unlock", "end"]);
      const { entries } = await handle.detail();
      assert.deepEqual(
        entries
          .filter((entry) => entry.kind === "undo")
          .map(({ key, value }) => [key, (JSON.parse(value ?? "null") as { branch: string }).branch]),
        [
          ["undo:race/loser/book", "race/loser"],
          ["undo:race/loser/lock", "race/loser"],
        ],
      );
    });
  });

  it("run once for each record, wherever the process crashes", async () => {
    let operations = 1;
    for (let operation = 1; operation <= Math.min(operations, 60); operation++) {
      for (const side of ["before", "after"] as const) {
        const { job, calls, state } = setup();
        await within([job], async (test) => {
          const handle = await test.start(job, null);
          const first = test.operations;
          test.crashAt(first + operation, side);
          assert.equal(await handle.result(), "done");
          test.crashAt(Number.MAX_SAFE_INTEGER);
          operations = Math.max(operations, test.operations - first);
          const where = `${side} ${operation}`;
          const { entries, waits } = await handle.detail();
          const undos = entries.filter((entry) => entry.kind === "undo").map((entry) => entry.key);
          assert.deepEqual(undos.toSorted(), ["undo:race/loser/book", "undo:race/loser/lock"], where);
          assert.deepEqual(waits, []);
          assert.ok(
            !calls.some((call) => call === "clean first" || call === "clean second" || call === "drop temp"),
            where,
          );
          assert.ok(calls.filter((call) => call === "unlock").length <= 2, where);
          assert.equal(state.keys.size, 1, "one idempotency key");
        });
      }
    }
  });

  it("hold back only the end of the run", async () => {
    const calls: string[] = [];
    let release = (): void => {};
    let isCleaning = false;
    const quick = workflow({ name: "quick" }, async (ctx) => {
      const { winner } = await ctx.race({
        nap: (branch) => branch.sleep("nap", "1m"),
        loser: async (branch) => {
          await branch.cleanup(
            "lock",
            () =>
              new Promise<void>((resolve) => {
                isCleaning = true;
                release = resolve;
              }),
          );
          await branch.sleep("long", "1d");
        },
      });
      await ctx.step("after", () => calls.push("after"));
      return winner;
    });
    await within([quick], async (test) => {
      const handle = await test.start(quick, null);
      await test.settle();
      test.clock.fireNext(test.clock.now() + 60_000);
      for (let i = 0; i < 300 && (calls.length === 0 || !isCleaning); i++) {
        test.clock.fireNext(test.clock.now() + 60_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const status = await handle.status();
      release();
      assert.deepEqual([calls, status], [["after"], "running"]);
      assert.equal(await handle.result(), "nap");
    });
  });

  it("that fail for good fail the run when it would complete; a resume calls them again", async () => {
    const { job, calls, state } = setup();
    state.brokenCleanup = "unlock";
    await within([job], async (test) => {
      const handle = await test.start(job, null);
      await assert.rejects(handle.result(), /unlock is stuck/);
      assert.deepEqual((await handle.detail()).row.reason, {
        code: "compensation-failed",
        step: "race/loser/lock",
        error: "unlock is stuck",
        undone: ["race/loser/book"],
        left: ["race/loser/lock"],
      });
      assert.deepEqual(calls, ["open", "unbook b1", "end", "clean second", "clean first"].slice(0, calls.length));
      state.brokenCleanup = "";
      await handle.resume();
      assert.equal(await handle.result(), "done");
      assert.equal(calls.filter((call) => call === "unbook b1").length, 1, "not undone twice");
      assert.equal(calls.filter((call) => call === "end").length, 1);
      assert.ok(calls.includes("unlock"));
    });
  });
});

describe("cleanups of a run", () => {
  it("run when it is cancelled, newest first, with those of open branches", async () => {
    const { job, calls } = setup();
    await within([job], async (test) => {
      const early = await test.start(job, null);
      await test.settle();
      await early.cancel();
      await test.settle();
      assert.equal(await early.status(), "cancelled");
      assert.deepEqual(calls, ["open", "unlock", "clean second", "clean first"], "nothing is undone");
      assert.equal((await early.detail()).row.reason?.code, "by-person");
      calls.length = 0;
      const late = await test.start(job, null);
      await test.advance("5m");
      await late.cancel();
      await test.settle();
      assert.equal(await late.status(), "cancelled");
      assert.deepEqual(calls, ["open", "unbook b1", "unlock", "clean second", "clean first"]);
    });
  });

  it("run before it fails; a resumed run continues, and is cleaned up again if it fails again", async () => {
    const { job, calls, state } = setup();
    state.failsAtEnd = true;
    await within([job], async (test) => {
      const handle = await test.start(job, null);
      await assert.rejects(handle.result(), /no end/);
      assert.deepEqual(calls, ["open", "unbook b1", "unlock", "clean second", "clean first"]);
      const { row } = await handle.detail();
      assert.equal(row.error?.step, "end");
      assert.equal((await test.baton.engine.store.query("deadGroups", { limit: 10 })).length, 1, "a dead letter");
      calls.length = 0;
      await handle.resume();
      await assert.rejects(handle.result(), /no end/);
      assert.deepEqual(calls, ["clean second", "clean first"], "the branch was cleaned up before");
      assert.equal(state.keys.size, 5, "with new idempotency keys");
      state.failsAtEnd = false;
      calls.length = 0;
      await handle.resume();
      assert.equal(await handle.result(), "done");
      assert.deepEqual(calls, ["end"]);
    });
  });

  it("run with the undos of a compensated run, in one order", async () => {
    const calls: string[] = [];
    const saga = workflow({ name: "saga", onFailure: "compensate" }, async (ctx) => {
      await ctx.cleanup("session", () => void calls.push("close session"));
      await ctx.step("book", () => 1, { undo: () => void calls.push("unbook") });
      await ctx.cleanup("file", () => void calls.push("delete file"));
      await ctx.step("pay", () => {
        throw new NonRetryableError("refused");
      });
    });
    await within([saga], async (test) => {
      const handle = await test.start(saga, null);
      await assert.rejects(handle.result(), /refused/);
      assert.deepEqual(calls, ["delete file", "unbook", "close session"]);
      assert.equal((await handle.detail()).row.reason?.code, "compensated");
    });
  });

  it("that fail for good leave a dead letter that continues with them, and then ends as it was decided", async () => {
    const { job, calls, state } = setup();
    state.brokenCleanup = "clean second";
    await within([job], async (test) => {
      const handle = await test.start(job, null);
      await test.settle();
      await handle.cancel();
      await assert.rejects(handle.result());
      assert.deepEqual((await handle.detail()).row.reason, {
        code: "compensation-failed",
        step: "second",
        error: "clean second is stuck",
        undone: ["race/loser/lock"],
        left: ["second", "first"],
      });
      state.brokenCleanup = "";
      await handle.resume();
      await test.settle();
      assert.equal(await handle.status(), "cancelled");
      assert.deepEqual(calls, ["open", "unlock", "clean second", "clean first"]);
    });
  });

  it("run once for each record, wherever the process crashes around a cancel", async () => {
    let operations = 1;
    for (let operation = 1; operation <= Math.min(operations, 40); operation++) {
      for (const side of ["before", "after"] as const) {
        const { job, calls } = setup();
        await within([job], async (test) => {
          const handle = await test.start(job, null);
          await test.settle();
          const first = test.operations;
          test.crashAt(first + operation, side);
          for (
            let i = 0;
            i < 5 && !["cancelled", "compensating"].includes(await handle.status().catch(() => ""));
            i++
          ) {
            handle.cancel().catch(() => {});
            await test.settle();
          }
          await test.advance("10m");
          test.crashAt(Number.MAX_SAFE_INTEGER);
          const where = `${side} ${operation}`;
          operations = Math.max(operations, test.operations - first);
          const { row, entries } = await handle.detail();
          assert.equal(row.status, "cancelled", where);
          const undos = entries.filter((entry) => entry.kind === "undo").map((entry) => entry.key);
          assert.deepEqual(undos, ["undo:race/loser/lock", "undo:second", "undo:first"], where);
          assert.ok(!calls.includes("unbook b1"), where);
        });
      }
    }
  });

  it("run for a child that is cancelled with its parent or with its branch", async () => {
    const calls: string[] = [];
    const child = workflow({ name: "child" }, async (ctx) => {
      await ctx.cleanup("lock", () => void calls.push("unlock"));
      await ctx.sleep("long", "1d");
    });
    const parent = workflow({ name: "parent" }, async (ctx) => ctx.call(child, null));
    const racer = workflow({ name: "racer" }, async (ctx) => {
      await ctx.race({ nap: (branch) => branch.sleep("nap", "1m"), child: (branch) => branch.call(child, null) });
      await ctx.sleep("rest", "1h");
    });
    await within([child, parent, racer], async (test) => {
      const handle = await test.start(parent, null);
      await test.settle();
      await handle.cancel();
      await test.settle();
      assert.deepEqual(calls, ["unlock"]);
      await (await test.start(racer, null)).result();
      await test.settle();
      assert.deepEqual(calls, ["unlock", "unlock"]);
      const statuses = (await test.baton.runs({ name: "child" })).map((run) => run.status);
      assert.deepEqual(statuses, ["cancelled", "cancelled"]);
    });
  });
});

describe("a stopped item of a failed map", () => {
  it("is cleaned up and undone; a resume does its steps again", async () => {
    const calls: string[] = [];
    let isMended = false;
    const batch = workflow({ name: "batch" }, async (ctx) => {
      try {
        return await ctx.map("items", [0, 1], async (item, branch) => {
          await branch.cleanup("temp", () => void calls.push(`drop ${item}`));
          await branch.step("book", () => calls.push(`book ${item}`), {
            undo: () => void calls.push(`unbook ${item}`),
          });
          if (item === 0) await branch.sleep("nap", "1d");
          else
            await branch.step("bad", () => {
              if (!isMended) throw new NonRetryableError("bad item");
            });
          return item;
        });
      } catch (error) {
        // Gives the undos of the stopped items time to run before the run fails.
        await ctx.sleep("pause", "1h");
        throw error;
      }
    });
    await within([batch], async (test) => {
      const handle = await test.start(batch, null);
      await assert.rejects(handle.result(), /bad item/);
      assert.deepEqual(calls.slice(0, 2), ["book 0", "book 1"]);
      assert.deepEqual(calls.slice(2).toSorted(), ["drop 0", "drop 1", "unbook 0", "unbook 1"]);
      calls.length = 0;
      isMended = true;
      await handle.resume();
      assert.deepEqual(await handle.result(), [0, 1]);
      assert.deepEqual(
        calls.toSorted(),
        ["book 0", "book 1"],
        "undone steps take effect again, and nothing is cleaned up",
      );
    });
  });
});
