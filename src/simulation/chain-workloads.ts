import { NonRetryableError } from "../kernel/model/user-errors.ts";
import { type AnyWorkflow, workflow } from "../workflows/definition.ts";
import { actingStep, type Outside } from "./workloads.ts";

/** Events that a client sends to a collector. */
export const feeds = 5;

interface Collecting {
  readonly id: string;
  readonly got: readonly number[];
}

/** Runs that continue as new ones, and starts that are merged into a run or refused. */
export function createChainWorkloads(outside: Outside): readonly AnyWorkflow[] {
  const step = actingStep(outside);

  const leaf = workflow({ name: "leaf" }, async (ctx) => {
    await ctx.sleep("nap", 2_500);
    return step(ctx, "end");
  });

  /** Each part receives one event, and no event comes twice. */
  const collector = workflow<Collecting>({ name: "collector" }, async (ctx, { id, got }) => {
    if (got.length < 3) await ctx.start(leaf, null);
    const wait = ctx.waitForEvent<{ n: number }>("feed", { match: { id }, timeout: 4_000 });
    await step(ctx, "round");
    const event = await wait;
    if (event === null) return { got, ended: "by time" };
    const all = [...got, event.data.n];
    if (new Set(all).size < all.length) throw new NonRetryableError(`PROMISE: got ${all.join(", ")}`);
    if (all.length === feeds) return { got: all, ended: "by count" };
    return ctx.continueAsNew({ id, got: all });
  });

  /** Started by a client and by callers, all with one key: one run, one result. */
  const shared = workflow<string, { key: string; by: string }>({ name: "shared" }, async (ctx, key) => {
    await step(ctx, "work");
    await ctx.sleep("nap", 300);
    return { key, by: ctx.uuid() };
  });

  const joiner = workflow<string>({ name: "joiner" }, async (ctx, key) => {
    const [first, second] = await Promise.all([
      ctx.call(shared, key, { idempotencyKey: `shared:${key}`, key: "first" }),
      ctx.call(shared, key, { idempotencyKey: `shared:${key}`, key: "second" }),
    ]);
    if (first.by !== second.by) throw new NonRetryableError(`PROMISE: ${first.by} is not ${second.by}`);
    return first.by;
  });

  const alone = workflow({ name: "alone", singleton: { policy: "skip" } }, async (ctx) => {
    await step(ctx, "work");
    await ctx.sleep("nap", 60);
  });

  /** Starts a singleton again and again: each time it is started or refused, and that stays so. */
  const skipper = workflow({ name: "skipper" }, async (ctx) => {
    for (let n = 0; n < 10; n++) {
      await ctx.start(alone, null).catch((error: Error & { code?: string }) => {
        if (error.code !== "skipped") throw new NonRetryableError(`PROMISE: ${error.code} ${error.message}`);
      });
      await step(ctx, "round");
    }
  });

  return [leaf, collector, shared, joiner, alone, skipper];
}
