import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NonRetryableError, workflow } from "baton";
import { openTestBaton, type TestBaton, type TestHandle } from "baton/testing";

type Verbs = Pick<
  TestHandle,
  "resume" | "cancel" | "suspend" | "retry" | "restart" | "completeStep" | "compensate" | "dismiss"
>;

interface World {
  isRepaired: boolean;
  readonly acts: string[];
  /** Resolves the hanging steps. */
  readonly releases: (() => void)[];
}

/** Workflows that fail, wait or are compensated, as each case needs. */
function define(world: World) {
  const act = (name: string) => () => {
    world.acts.push(name);
    return name;
  };
  const fragile = () => {
    if (!world.isRepaired) throw new NonRetryableError("broken");
    return act("fragile")();
  };
  const failing = workflow({ name: "failing" }, async (ctx) => {
    await ctx.step("before", act("before"), { undo: act("undo before") });
    await ctx.step("fragile", fragile);
    return "done";
  });
  const waiting = workflow({ name: "waiting" }, async (ctx) => {
    await ctx.step("before", act("before"), { undo: act("undo before") });
    await ctx.waitForEvent("go");
    return "done";
  });
  const retrying = workflow({ name: "retrying" }, async (ctx) => {
    await ctx.step(
      "shaky",
      () => {
        if (!world.isRepaired) throw new Error("503");
        return act("shaky")();
      },
      { retry: { attempts: 5, first: "1h", backoff: "constant" } },
    );
    return "done";
  });
  /** Held by its worker while the action is requested. */
  const held = workflow({ name: "held" }, async (ctx) => {
    await ctx.step("before", act("before"), { undo: act("undo before") });
    await ctx.step(
      "long",
      (attempt) =>
        new Promise((resolve, reject) => {
          world.releases.push(() => resolve(null));
          attempt.signal.addEventListener("abort", () => reject(new Error("stopped")));
        }),
      { undo: (_result, attempt) => act(`undo long ${attempt.outcome}`)() },
    );
    return "done";
  });
  return { failing, waiting, retrying, held };
}

interface Case {
  readonly verb: string;
  readonly of: keyof ReturnType<typeof define>;
  readonly repairs?: boolean;
  /** Whether the running step ends: a suspend waits for that. */
  readonly releases?: boolean;
  readonly perform: (handle: Verbs) => Promise<void>;
  readonly status: string;
  readonly reason?: string;
  readonly acts: readonly string[];
}

const cases: readonly Case[] = [
  {
    verb: "resume",
    of: "failing",
    repairs: true,
    perform: (handle) => handle.resume(),
    status: "completed",
    acts: ["before", "fragile"],
  },
  {
    verb: "restart",
    of: "failing",
    repairs: true,
    perform: (handle) => handle.restart("before"),
    status: "completed",
    acts: ["before", "before", "fragile"],
  },
  {
    verb: "complete-step",
    of: "failing",
    perform: (handle) => handle.completeStep({ output: "by hand" }),
    status: "completed",
    acts: ["before"],
  },
  {
    verb: "complete-step of a wait",
    of: "waiting",
    perform: (handle) => handle.completeStep({ output: null }),
    status: "completed",
    acts: ["before"],
  },
  {
    verb: "retry",
    of: "retrying",
    repairs: true,
    perform: (handle) => handle.retry(),
    status: "completed",
    acts: ["shaky"],
  },
  {
    verb: "compensate",
    of: "failing",
    perform: (handle) => handle.compensate(),
    status: "failed",
    reason: "compensated",
    acts: ["before", "undo before"],
  },
  { verb: "cancel", of: "waiting", perform: (handle) => handle.cancel(), status: "cancelled", acts: ["before"] },
  {
    verb: "cancel with compensation",
    of: "waiting",
    perform: (handle) => handle.cancel({ compensate: true }),
    status: "cancelled",
    reason: "compensated",
    acts: ["before", "undo before"],
  },
  {
    verb: "cancel of a held run",
    of: "held",
    perform: (handle) => handle.cancel(),
    status: "cancelled",
    acts: ["before"],
  },
  {
    verb: "cancel with compensation of a held run",
    of: "held",
    perform: (handle) => handle.cancel({ compensate: true }),
    status: "cancelled",
    reason: "compensated",
    acts: ["before", "undo long unknown", "undo before"],
  },
  { verb: "suspend", of: "waiting", perform: (handle) => handle.suspend(), status: "suspended", acts: ["before"] },
  {
    verb: "suspend of a held run",
    of: "held",
    perform: (handle) => handle.suspend(),
    releases: true,
    status: "suspended",
    acts: ["before"],
  },
  {
    verb: "dismiss",
    of: "failing",
    perform: (handle) => handle.dismiss(),
    status: "failed",
    reason: "dismissed",
    acts: ["before"],
  },
];

/** Repeats the action until it is done: a crashed process never answers, and a repeated action must do no harm. */
async function repeatUntilDone(test: TestBaton, handle: TestHandle, each: Case, world: World): Promise<void> {
  for (let i = 0; i < 3; i++) {
    let refusal: string | null = null;
    const { crashes } = test;
    each.perform(handle).catch((error: { code: string }) => {
      refusal = error.code;
    });
    await test.settle();
    if (each.releases && test.crashes === crashes) for (const release of world.releases.splice(0)) release();
    await test.settle();
    if (refusal !== null) assert.ok(["illegal", "conflict"].includes(refusal), refusal);
    if (await isDone(handle, each)) return;
    await test.advance("3s");
    if (await isDone(handle, each)) return;
  }
}

async function isDone(handle: TestHandle, each: Case): Promise<boolean> {
  const { row } = await handle.detail();
  return row.status === each.status && (each.reason === undefined || row.reason?.code === each.reason);
}

describe("an action whose process is killed at a store operation", () => {
  for (const each of cases) {
    it(`${each.verb} completes and repeats nothing that was recorded`, async () => {
      // A hanging step is awaited in real time, so fewer crash points must do.
      const places = each.of === "held" ? 3 : 7;
      for (const side of each.of === "held" ? (["after"] as const) : (["before", "after"] as const)) {
        for (let offset = 1; offset <= places; offset++) {
          const world: World = { isRepaired: false, acts: [], releases: [] };
          const definitions = define(world);
          const test = await openTestBaton({ definitions: Object.values(definitions) });
          try {
            const handle = await test.start(definitions[each.of], null);
            await test.settle();
            if (each.repairs) world.isRepaired = true;
            test.crashAt(test.operations + offset, side);
            await repeatUntilDone(test, handle, each, world);
            await test.advance("10s");
            test.crashAt(Number.MAX_SAFE_INTEGER);
            const where = `killed ${side} operation ${offset}`;
            const { row } = await handle.detail();
            assert.equal(row.status, each.status, where);
            if (each.reason !== undefined) assert.equal(row.reason?.code, each.reason, where);
            assertActs(world.acts, each.acts, where);
            assert.deepEqual(await test.baton.engine.store.query("violations", {}), [], where);
          } finally {
            await test.close();
          }
        }
      }
    });
  }
});

/** Every action happened, in this order, at most once more than recorded: the attempt that was running at the kill. */
function assertActs(acts: readonly string[], expected: readonly string[], where: string): void {
  const count = (list: readonly string[], act: string): number => list.filter((each) => each === act).length;
  assert.deepEqual([...new Set(acts)], [...new Set(expected)], where);
  for (const act of new Set(expected)) {
    const extra = count(acts, act) - count(expected, act);
    assert.ok(extra === 0 || extra === 1, `${act} happened ${count(acts, act)} times, ${where}`);
  }
}
