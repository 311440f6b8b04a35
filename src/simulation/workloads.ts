import type { StepAttempt } from "../kernel/engine/attempt.ts";
import { NonRetryableError } from "../kernel/model/user-errors.ts";
import type { Context } from "../workflows/context.ts";
import { type AnyWorkflow, workflow } from "../workflows/definition.ts";

/** What a workload's code may do to the simulated outside world. */
export interface Outside {
  act(run: string, key: string, attempt: StepAttempt): Promise<string>;
  /** Crashes the process that calls it. */
  crash(): Promise<never>;
  /** Whether the run's cause of failure is repaired by now. */
  isRepaired(run: string): boolean;
  /** Rejects a promise of the run's code that nothing awaits. */
  reject(run: string, step: string | null): void;
  /** Differs between processes. */
  variant(): string;
}

/** So patient that only a planted bug uses up the attempts. */
export const retry = { attempts: 40, first: 20, max: 400, jitter: 0.2 } as const;

/** A step that calls the outside world under its own key. */
export function actingStep(outside: Outside): (ctx: Context, name: string) => Promise<string> {
  return (ctx, name) =>
    ctx.step(
      name,
      (attempt) =>
        outside.act(ctx.run.id, decodeURIComponent(attempt.idempotencyKey.slice(ctx.run.id.length + 1)), attempt),
      { retry },
    );
}

/**
 * Each workload checks its own guarantee and throws when it is broken: a run that fails for that reason is a violation.
 */
export function createWorkloads(outside: Outside): readonly AnyWorkflow[] {
  const step = actingStep(outside);

  const linear = workflow({ name: "linear" }, async (ctx) => {
    const a = await step(ctx, "a");
    const b = await step(ctx, "b");
    return { a, b, c: await step(ctx, "c") };
  });

  /** Branches that share step names must each get their own results, in any order. */
  const parallel = workflow({ name: "parallel" }, async (ctx) => {
    const branch = async (lane: number): Promise<void> => {
      const charged = await ctx.step(
        "charge",
        (attempt) => outside.act(ctx.run.id, "charge", attempt).then(() => lane),
        { retry },
      );
      const shipped = await ctx.step("ship", (attempt) => outside.act(ctx.run.id, "ship", attempt).then(() => lane), {
        retry,
      });
      if (charged !== lane || shipped !== lane)
        throw new NonRetryableError(`PROMISE: lane ${lane} got ${charged} and ${shipped}`);
    };
    await Promise.all([branch(1), branch(2), branch(3)]);
    return ctx.uuid();
  });

  const waiter = workflow({ name: "waiter" }, async (ctx, id: string) => {
    await step(ctx, "before");
    const event = await ctx.waitForEvent<{ id: string; era: string }>("go", { match: { id } });
    if (event?.data.era !== "after") throw new NonRetryableError(`PROMISE: got the event of era ${event?.data.era}`);
    await step(ctx, "after");
    return event.id;
  });

  const timer = workflow({ name: "timer" }, async (ctx, ms: number) => {
    const before = ctx.now();
    await ctx.sleep("nap", ms);
    if (ctx.now() < before + ms) throw new NonRetryableError(`PROMISE: woke after ${ctx.now() - before} of ${ms} ms`);
    return step(ctx, "after");
  });

  const racer = workflow({ name: "racer" }, async (ctx, id: string) => {
    const first = await ctx.race({
      event: (branch) => branch.waitForEvent("go", { match: { id } }),
      nap: (branch) => branch.sleep("nap", 1_500),
    });
    await step(ctx, "settle");
    const second = await ctx.waitForEvent("never", { timeout: 200 });
    return { winner: first.winner, second };
  });

  const parent = workflow({ name: "parent" }, async (ctx) => {
    const [child, own] = await Promise.all([ctx.call(linear, null), step(ctx, "own")]);
    const { id } = await ctx.start(timer, 100);
    return { child, own, id };
  });

  /** Fails permanently until its cause is repaired and it is resumed. */
  const broken = workflow({ name: "broken" }, async (ctx) => {
    const kept = await step(ctx, "kept");
    await ctx.step(
      "fragile",
      async (attempt) => {
        if (!outside.isRepaired(ctx.run.id)) throw new NonRetryableError("not mended");
        return outside.act(ctx.run.id, "fragile", attempt);
      },
      { retry },
    );
    return { kept, last: await step(ctx, "last") };
  });

  const mapper = workflow({ name: "mapper" }, async (ctx, count: number) => {
    const items = Array.from({ length: count }, (_, i) => i);
    return ctx.map(
      "items",
      items,
      async (item, branch) => {
        const value = await step(branch, "item");
        if (!value.includes(`[${item}]`)) throw new NonRetryableError(`PROMISE: item ${item} got ${value}`);
        return item;
      },
      { concurrency: 3 },
    );
  });

  const poison = workflow({ name: "poison" }, async (ctx) => ctx.step("die", () => outside.crash()));

  return [linear, parallel, waiter, timer, racer, parent, broken, mapper, poison];
}
