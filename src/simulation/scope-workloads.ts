import type { StepAttempt } from "../kernel/engine/attempt.ts";
import { NonRetryableError } from "../kernel/model/user-errors.ts";
import { type AnyWorkflow, workflow } from "../workflows/definition.ts";
import { actingStep, type Outside, retry } from "./workloads.ts";

/** What a careless run does. */
export type Carelessness = "ignores" | "awaits late" | "rejects";

/** Longer than any race lasts: a child that completes after this was not stopped. */
const childMs = 30_000;

function branchOf(item: number): string {
  return `items[${item}]`;
}

/** Runs with branches that lose, fail or are cancelled, and what these must leave behind. */
export function createScopeWorkloads(outside: Outside): readonly AnyWorkflow[] {
  const step = actingStep(outside);

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

  /** One item fails for good: the others stop, whether the code catches the failure or the run fails and is resumed. */
  const batcher = workflow<boolean>({ name: "batcher" }, async (ctx, isCaught) => {
    const mapped = ctx.map("items", [0, 1, 2], async (item, branch) => {
      await step(branch, "first");
      if (item === 0) return item;
      if (item === 1)
        await branch.step(
          "fragile",
          (attempt) => {
            if (isCaught || !outside.isRepaired(ctx.run.id)) throw new NonRetryableError("cannot be done");
            return outside.act(ctx.run.id, `${branchOf(item)}/fragile`, attempt);
          },
          { retry },
        );
      else await branch.sleep("nap", 300);
      await step(branch, "last");
      return item;
    });
    if (!isCaught) return mapped;
    await mapped.catch(() => {});
    await step(ctx, "caught");
    await ctx.sleep("rest", 2_000);
    return "caught";
  });

  /** Ignores a failure, awaits it late, or leaves a rejected promise behind. */
  const careless = workflow<Carelessness>({ name: "careless" }, async (ctx, what) => {
    const ignored = ctx.step("ignored", () => {
      if (what !== "rejects") throw new NonRetryableError("ignored");
    });
    await step(ctx, "first");
    if (what === "rejects" && !outside.isRepaired(ctx.run.id)) outside.reject(ctx.run.id, null);
    await ctx.sleep("nap", 200);
    await step(ctx, "second");
    if (what === "awaits late") await ignored.catch(() => {});
    return what;
  });

  /** Registers cleanups in the run and in a losing branch, which also completes a step that has an undo. */
  const cleaner = workflow<boolean>({ name: "cleaner", retry }, async (ctx, isBroken) => {
    const act = (attempt: StepAttempt): Promise<string> =>
      outside.act(ctx.run.id, decodeURIComponent(attempt.idempotencyKey.slice(ctx.run.id.length + 1)), attempt);
    await ctx.cleanup("close", act);
    await step(ctx, "open");
    const { winner } = await ctx.race({
      quick: async (branch) => {
        await branch.cleanup("fine", act);
        await step(branch, "one");
        return step(branch, "two");
      },
      slow: async (branch) => {
        await branch.cleanup("unlock", act);
        await branch.step("book", act, { retry, undo: { work: (_result, attempt) => act(attempt), retry } });
        await branch.sleep("long", childMs);
      },
    });
    await ctx.step(
      "shaky",
      (attempt) => {
        if (isBroken && !outside.isRepaired(ctx.run.id)) throw new NonRetryableError("cannot be done");
        return act(attempt);
      },
      { retry },
    );
    await ctx.sleep("rest", 300);
    return winner;
  });

  return [sleeper, forker, batcher, careless, cleaner];
}
