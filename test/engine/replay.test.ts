import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Context, workflow } from "baton";
import { openTestBaton } from "baton/testing";
import fc from "fast-check";

/** A random program: what a workflow's author may write, as data. */
type Node =
  | { readonly kind: "step"; readonly name: string }
  | { readonly kind: "fails"; readonly name: string }
  | { readonly kind: "flaky"; readonly name: string }
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "derive" }
  | { readonly kind: "all"; readonly branches: readonly (readonly Node[])[] }
  | { readonly kind: "race"; readonly branches: readonly (readonly Node[])[] }
  | { readonly kind: "map"; readonly items: number; readonly body: readonly Node[] };

const name = fc.constantFrom("charge", "ship", "mail");
const leaf: fc.Arbitrary<Node> = fc.oneof(
  { weight: 5, arbitrary: name.map((n): Node => ({ kind: "step", name: n })) },
  name.map((n): Node => ({ kind: "fails", name: n })),
  name.map((n): Node => ({ kind: "flaky", name: n })),
  fc.constantFrom(1, 50, 5_000).map((ms): Node => ({ kind: "sleep", ms })),
  fc.constant<Node>({ kind: "derive" }),
);
const program: fc.Arbitrary<readonly Node[]> = fc.letrec<{ nodes: readonly Node[] }>((tie) => ({
  nodes: fc.array(
    fc.oneof(
      { maxDepth: 3, depthSize: "xsmall", withCrossShrink: true },
      leaf,
      fc.array(tie("nodes"), { minLength: 2, maxLength: 3 }).map((branches): Node => ({ kind: "all", branches })),
      fc.array(tie("nodes"), { minLength: 2, maxLength: 2 }).map((branches): Node => ({ kind: "race", branches })),
      fc
        .tuple(fc.integer({ min: 1, max: 3 }), tie("nodes"))
        .map(([items, body]): Node => ({ kind: "map", items, body })),
    ),
    { minLength: 1, maxLength: 4 },
  ),
})).nodes;

/** The result of each step when it was first recorded; later replays must see the same. */
class Effects {
  count = 0;
  readonly byKey = new Map<string, number>();

  /** A new number for each key and the same for all its attempts, like a system that honours idempotency keys. */
  callOnce(key: string): number {
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    this.count += 1;
    this.byKey.set(key, this.count);
    return this.count;
  }
}

async function interpret(ctx: Context, nodes: readonly Node[], effects: Effects, trace: unknown[]): Promise<void> {
  for (const node of nodes) {
    switch (node.kind) {
      case "step":
        // The value contains the step's own key, so that a result that reached another step is visible.
        trace.push([node.name, await ctx.step(node.name, (attempt) => `${attempt.idempotencyKey.split(":")[1]}`)]);
        break;
      case "fails":
        try {
          await ctx.step(
            node.name,
            (attempt) => {
              throw new Error(`no ${attempt.idempotencyKey.split(":")[1]}`);
            },
            { retry: false },
          );
        } catch (error) {
          trace.push((error as Error).message);
        }
        break;
      case "flaky":
        trace.push(
          await ctx.step(
            node.name,
            (attempt) => {
              if (effects.callOnce(`${attempt.idempotencyKey} tries`) > 0 && attempt.number === 1)
                throw new Error("once");
              return `${attempt.idempotencyKey.split(":")[1]}`;
            },
            { retry: { attempts: 50, first: 10, jitter: 0 } },
          ),
        );
        break;
      case "sleep":
        await ctx.sleep("nap", node.ms);
        break;
      case "derive":
        trace.push([ctx.random(), ctx.uuid()]);
        break;
      case "all": {
        const traces: unknown[][] = node.branches.map(() => []);
        await Promise.all(node.branches.map((branch, i) => interpret(ctx, branch, effects, traces[i] as unknown[])));
        trace.push(traces);
        break;
      }
      case "race": {
        const [a = [], b = []] = node.branches;
        const traces: unknown[][] = [[], []];
        const { winner } = await ctx.race({
          a: (branch) => interpret(branch, a, effects, traces[0] as unknown[]),
          b: (branch) => interpret(branch, b, effects, traces[1] as unknown[]),
        });
        trace.push([winner, winner === "a" ? traces[0] : traces[1]]);
        break;
      }
      case "map":
        trace.push(
          await ctx.map(
            "items",
            Array.from({ length: node.items }, (_, i) => i),
            async (item, branch) => {
              const inner: unknown[] = [item];
              await interpret(branch, node.body, effects, inner);
              return inner;
            },
          ),
        );
    }
  }
}

interface ProgramRun {
  readonly output: unknown;
  readonly operations: number;
  readonly entries: readonly unknown[];
}

/** Runs a program to its end, with the process killed at one store operation. */
async function runProgram(
  nodes: readonly Node[],
  crash: { operation: number; side: "before" | "after" } | null,
): Promise<ProgramRun> {
  const effects = new Effects();
  const outputs: string[] = [];
  const definition = workflow({ name: "program" }, async (ctx) => {
    const trace: unknown[] = [];
    await interpret(ctx, nodes, effects, trace);
    outputs.push(JSON.stringify(trace));
    return trace;
  });
  const test = await openTestBaton({ definitions: [definition] });
  const handle = await test.start(definition, null);
  const startOperation = test.operations;
  if (crash !== null) test.crashAt(startOperation + crash.operation, crash.side);
  const output = await handle.result();
  const operations = test.operations - startOperation;
  const { row, entries } = await handle.detail();
  assert.equal(row.status, "completed");
  // Whatever was replayed, the code always had the same result.
  assert.deepEqual([...new Set(outputs)], [JSON.stringify(output)]);
  const keys = entries.filter((entry) => entry.outcome !== "abandoned").map((entry) => entry.key);
  assert.equal(new Set(keys).size, keys.length, "no step has two recorded results");
  await test.close();
  return { output, operations, entries };
}

describe("replay", () => {
  it("random programs complete consistently after a crash at any store operation", async () => {
    await fc.assert(
      fc.asyncProperty(program, async (nodes) => {
        const baseline = await runProgram(nodes, null);
        for (let operation = 1; operation <= Math.min(baseline.operations, 12); operation++) {
          for (const side of ["before", "after"] as const) await runProgram(nodes, { operation, side });
        }
      }),
      { numRuns: 40, seed: 42 },
    );
  });

  it("deterministic programs have the same output after a crash at every point", async () => {
    const nodes: readonly Node[] = [
      {
        kind: "all",
        branches: [
          [
            { kind: "step", name: "charge" },
            { kind: "step", name: "ship" },
          ],
          [
            { kind: "flaky", name: "charge" },
            { kind: "fails", name: "ship" },
          ],
        ],
      },
      {
        kind: "map",
        items: 3,
        body: [
          { kind: "step", name: "charge" },
          { kind: "sleep", ms: 5_000 },
          { kind: "step", name: "ship" },
        ],
      },
    ];
    const strip = (output: unknown): string => JSON.stringify(output).replaceAll(/%23\d+/g, "");
    const baseline = await runProgram(nodes, null);
    for (let operation = 1; operation <= baseline.operations; operation++) {
      for (const side of ["before", "after"] as const)
        assert.equal(strip((await runProgram(nodes, { operation, side })).output), strip(baseline.output));
    }
  });

  it("suspends code that disagrees with its history, with both lists, and continues when the code is fixed", async () => {
    const steps = { before: ["a", "b"], after: ["x", "a", "b"] };
    let order: readonly string[] = steps.before;
    const definition = workflow({ name: "edited" }, async (ctx) => {
      const values: unknown[] = [];
      for (const key of order) values.push(await ctx.step(key, () => key));
      await ctx.sleep("nap", "1d");
      return values;
    });
    const test = await openTestBaton({ definitions: [definition] });
    const handle = await test.start(definition, null);
    await test.settle();
    order = steps.after;
    await assert.rejects(handle.result(), { code: "suspended" });
    const { row } = await handle.detail();
    assert.ok(row.reason?.code === "diverged");
    assert.deepEqual(row.reason.recorded, ["a", "b"]);
    assert.deepEqual(row.reason.asked, ["x"]);
    order = steps.before;
    await handle.resume();
    assert.deepEqual(await handle.result(), ["a", "b"]);
    await test.close();
  });

  it("a step of another kind, a removed step and an early end diverge", async () => {
    const codes: readonly [string, (ctx: Context) => Promise<unknown>][] = [
      ["another kind", (ctx) => ctx.sleep("a", "1m")],
      ["removed", async (ctx) => ctx.step("b", () => 1)],
      ["early end", async () => "done"],
    ];
    for (const [title, edited] of codes) {
      let code = async (ctx: Context): Promise<unknown> => {
        await ctx.step("a", () => 1);
        await ctx.sleep("nap", "1d");
        return ctx.step("b", () => 2);
      };
      const definition = workflow({ name: "edited" }, (ctx) => code(ctx));
      const test = await openTestBaton({ definitions: [definition] });
      const handle = await test.start(definition, null);
      await test.settle();
      code = edited;
      await assert.rejects(handle.result(), { code: "suspended" }, title);
      assert.equal((await handle.detail()).row.reason?.code, "diverged", title);
      await test.close();
    }
  });

  it("waits for code that awaits other promises between steps", async () => {
    const definition = workflow({ name: "w" }, async (ctx) => {
      const a = await ctx.step("a", () => 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const b = await ctx.step("b", () => 2);
      await ctx.sleep("nap", "1d");
      return a + b;
    });
    const test = await openTestBaton({ definitions: [definition] });
    const handle = await test.start(definition, null);
    while ((await handle.detail()).entryCount < 2) await new Promise((resolve) => setImmediate(resolve));
    await test.settle();
    for (let i = 0; i < 1_000 && (await handle.status()) !== "completed"; i++) {
      await test.settle();
      await new Promise((resolve) => setTimeout(resolve, 1));
      if ((await handle.status()) === "waiting") await test.advance("1d");
      else test.clock.fireNext(test.clock.now() + 10);
    }
    assert.equal(await handle.result(), 3);
    await test.close();
  });
});
