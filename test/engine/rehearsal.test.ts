import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type Context, NonRetryableError, workflow } from "baton";
import { openTestBaton, type TestBaton } from "baton/testing";
import type { Definition } from "../../src/app/config.ts";
import { rehearse, type Verdict } from "../../src/kernel/engine/rehearsal.ts";
import { type MoveRequest, moveRuns } from "../../src/kernel/engine/rehearsals.ts";
import type { Clock } from "../../src/kernel/ports/clock.ts";
import { workflowHandler } from "../../src/workflows/handler.ts";

type Code = (ctx: Context, input: never) => Promise<unknown>;

/** A real clock, since a rehearsal waits for other promises that the code awaits. */
const clock: Clock = {
  now: Date.now,
  mono: () => performance.now(),
  soon: (call) => {
    setImmediate(call);
  },
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
const parts = { clock, within: <T>(_run: unknown, _key: unknown, _attempt: unknown, work: () => T): T => work() };

interface Setup {
  readonly test: TestBaton;
  /** Starts a run of this code and leaves it where it stops. */
  start(code: Code): Promise<string>;
  /** Rehearses its history over other code. */
  rehearseOver(id: string, code: Code): Promise<Verdict>;
}

async function setup(t: TestContext): Promise<Setup> {
  const test = await openTestBaton();
  t.after(() => test.close());
  const { engine } = test.baton;
  return {
    test,
    start: async (code) => {
      const definition = workflow({ name: "w" }, code as never);
      test.register(definition);
      const { id } = await test.start(definition, null);
      await test.settle();
      return id;
    },
    rehearseOver: async (id, code) => {
      const run = await engine.store.query("run", { id });
      const recorded = await engine.store.query("journal", { run: run?.row.no ?? 0 });
      assert.ok(recorded !== null);
      return rehearse(recorded, workflowHandler(workflow({ name: "w" }, code as never), engine), parts);
    },
  };
}

let isRunning = 0;
const counted = (value: unknown) => () => {
  isRunning += 1;
  return value;
};

const waits: Code = async (ctx) => {
  await ctx.step("a", counted(1));
  await ctx.step("b", counted(2));
  await ctx.waitForEvent("go");
  return ctx.step("c", counted(3));
};

test("the same code is compatible; nothing runs or is written", async (t) => {
  const { test: baton, start, rehearseOver } = await setup(t);
  const id = await start(waits);
  const [before, operations] = [isRunning, baton.operations];
  assert.deepEqual(await rehearseOver(id, waits), { outcome: "compatible" });
  assert.equal(isRunning, before);
  // The two reads that found the run.
  assert.equal(baton.operations, operations + 2);
});

test("later steps, the order of branches and other awaits can change", async (t) => {
  const { start, rehearseOver } = await setup(t);
  const id = await start(waits);
  const verdict = await rehearseOver(id, async (ctx) => {
    await ctx.step("a", counted(1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await ctx.step("b", counted(2));
    await ctx.waitForEvent("go");
    await ctx.step("new", counted(0));
    await ctx.step("c", counted(3));
  });
  assert.deepEqual(verdict, { outcome: "compatible" });
});

test("a step inserted before a recorded one diverges there, with both lists", async (t) => {
  const { start, rehearseOver } = await setup(t);
  const id = await start(waits);
  const verdict = await rehearseOver(id, async (ctx) => {
    await ctx.step("a", counted(1));
    await ctx.step("between", counted(0));
    await ctx.step("b", counted(2));
    await ctx.waitForEvent("go");
  });
  assert.deepEqual(verdict, {
    outcome: "diverges",
    detail: 'Step 2 was "b"; the code now asks for "between"',
    at: 2,
    recorded: ["a", "b", "go"],
    asked: ["a", "between"],
  });
});

test("code that no longer waits for the recorded event diverges", async (t) => {
  const { start, rehearseOver } = await setup(t);
  const id = await start(waits);
  const ends = await rehearseOver(id, async (ctx) => {
    await ctx.step("a", counted(1));
    await ctx.step("b", counted(2));
  });
  assert.equal(ends.outcome === "diverges" && ends.detail, 'the run is waiting for "go"; the code now ends before it');
  const other = await rehearseOver(id, async (ctx) => {
    await ctx.step("a", counted(1));
    await ctx.step("b", counted(2));
    await ctx.waitForEvent("another");
  });
  assert.equal(other.outcome === "diverges" && other.detail, 'the run is waiting for "go"; the code no longer does');
});

test("a step of another kind, a removed step and code that throws diverge", async (t) => {
  const { start, rehearseOver } = await setup(t);
  const id = await start(waits);
  const kind = await rehearseOver(id, async (ctx) => {
    await ctx.sleep("a", 5);
  });
  assert.match(kind.outcome === "diverges" ? kind.detail : "", /"a" was a step; the code now has a sleep of this name/);
  const removed = await rehearseOver(id, async (ctx) => {
    await ctx.step("a", counted(1));
    await ctx.waitForEvent("go");
  });
  assert.match(removed.outcome === "diverges" ? removed.detail : "", /Step 2 was "b"/);
  const throws = await rehearseOver(id, async (ctx) => {
    await ctx.step("a", counted(1));
    throw new TypeError("x is not a function");
  });
  assert.match(
    throws.outcome === "diverges" ? throws.detail : "",
    /the code throws TypeError: x is not a function|Step 2 was "b"/,
  );
});

test("rehearses completed runs, running retries and dead letters in their current state", async (t) => {
  const { start, rehearseOver } = await setup(t);
  const whole: Code = async (ctx) => {
    await ctx.step("a", counted(1));
    await ctx.step("b", counted(2));
  };
  const completed = await start(whole);
  assert.deepEqual(await rehearseOver(completed, whole), { outcome: "compatible" });
  const longer: Code = async (ctx) => {
    await whole(ctx, null as never);
    await ctx.step("more", counted(0));
  };
  assert.deepEqual(await rehearseOver(completed, longer), { outcome: "compatible" });

  const retries: Code = (ctx) =>
    ctx.step("again", () => Promise.reject(new Error("503")), { retry: { attempts: 5, first: "1h" } });
  const retrying = await start(retries);
  assert.deepEqual(await rehearseOver(retrying, retries), { outcome: "compatible" });
  assert.equal((await rehearseOver(retrying, whole)).outcome, "diverges");

  const fails: Code = async (ctx) => {
    await ctx.step("a", counted(1));
    await ctx.step("b", () => Promise.reject(new NonRetryableError("no")));
  };
  const failed = await start(fails);
  assert.deepEqual(await rehearseOver(failed, fails), { outcome: "compatible" });
  assert.deepEqual(await rehearseOver(failed, whole), { outcome: "compatible" });
});

test("moves a compatible run under a raised fence to the other code; the others stay, with a reason", async (t) => {
  const { test: baton } = await setup(t);
  const version = (number: number, code: Code): Definition => workflow({ name: "w", version: number }, code as never);
  const first = version(1, waits);
  baton.register(first);
  const [parked, ended] = [await baton.start(first, null), await baton.start(version(1, waits), null)];
  await baton.settle();
  await ended.cancel();
  baton.register(
    version(2, async (ctx) => {
      await ctx.step("a", counted(1));
      await ctx.step("b", counted(2));
      await ctx.waitForEvent("go");
      return ctx.step("other", () => "moved");
    }),
  );
  baton.register(version(3, async (ctx) => ctx.step("unlike", counted(0))));
  const { engine } = baton.baton;
  const audit = { actor: "test", verb: "move", why: null };
  const move = async (request: Partial<MoveRequest>): Promise<(string | null)[]> => {
    const base = { kind: "workflow", name: "w", from: 1, to: 2, audit, isDryRun: false } as const;
    const told: (string | null)[] = [];
    for await (const { why } of moveRuns(engine, { ...base, ...request }, parts)) told.push(why);
    return told;
  };
  assert.deepEqual(await move({ to: 3 }), ['Step 1 was "a"; the code now asks for "unlike"']);
  assert.deepEqual(await move({ isDryRun: true }), [null]);
  const before = await parked.detail();
  assert.deepEqual(await move({}), [null]);
  const after = await parked.detail();
  assert.deepEqual([before.row.definition.version, after.row.definition.version], [1, 2]);
  assert.equal(after.mark.fence, before.mark.fence + 1);
  const history = await engine.store.query("history", { run: after.row.no });
  assert.deepEqual(JSON.parse(history.find((each) => each.kind === "moved")?.detail ?? "null"), {
    from: 1,
    to: 2,
    by: "test",
  });
  assert.deepEqual((await engine.store.query("audit", { run: after.row.no, before: null, limit: 9 }))[0]?.verb, "move");
  assert.deepEqual(await move({}), [], "no run of version 1 is left to continue");
  await baton.emit({ name: "go" });
  assert.equal(await parked.result(), "moved");
  assert.deepEqual(await engine.store.query("violations", {}), []);
});

test("a history in which the other items of a failed map ran on is compatible", async (t) => {
  const { start, rehearseOver } = await setup(t);
  const bad = (): never => {
    throw new NonRetryableError("bad item");
  };
  // As earlier versions recorded it: item 1 continued after item 0 had failed.
  const id = await start(async (ctx) => {
    await ctx.step("items[1]/first", counted(1));
    await ctx.step("items[0]/bad", bad).catch(() => {});
    await ctx.step("items[1]/late", counted(2));
    await ctx.step("after", counted(3));
    await ctx.waitForEvent("go");
  });
  const code: Code = async (ctx) => {
    await ctx
      .map("items", [0, 1], async (item, branch) => {
        if (item === 0) return branch.step("bad", bad);
        await branch.step("first", counted(1));
        return branch.step("late", counted(2));
      })
      .catch(() => {});
    await ctx.step("after", counted(3));
    await ctx.waitForEvent("go");
  };
  assert.deepEqual(await rehearseOver(id, code), { outcome: "compatible" });
});
