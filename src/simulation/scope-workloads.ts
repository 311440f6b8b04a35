import type { Context } from "../workflows/context.ts";
import { type AnyWorkflow, workflow } from "../workflows/definition.ts";
import type { Outside } from "./workloads.ts";

const retry = { attempts: 40, first: 20, max: 400, jitter: 0.2 } as const;

/** Longer than any race lasts: a child that completes after this was not stopped. */
const childMs = 30_000;

/** Runs with branches that lose, fail or are cancelled, and what these must leave behind. */
export function createScopeWorkloads(outside: Outside): readonly AnyWorkflow[] {
  const step = (ctx: Context, name: string): Promise<string> =>
    ctx.step(
      name,
      (attempt) =>
        outside.act(ctx.run.id, decodeURIComponent(attempt.idempotencyKey.slice(ctx.run.id.length + 1)), attempt),
      { retry },
    );

  const sleeper = workflow({ name: "sleeper" }, async (ctx) => {
    await ctx.sleep("long", childMs);
    return step(ctx, "late");
  });

  /** The losing branch awaits a child, which must be cancelled with it. */
  const forker = workflow({ name: "forker" }, async (ctx) => {
    const { winner } = await ctx.race({
      quick: (branch) => step(branch, "work"),
      child: (branch) => branch.call(sleeper, null),
    });
    return [winner, await step(ctx, "after")];
  });

  return [sleeper, forker];
}
