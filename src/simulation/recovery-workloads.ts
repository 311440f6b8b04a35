import type { StepAttempt } from "../kernel/engine/attempt.ts";
import { NonRetryableError } from "../kernel/model/user-errors.ts";
import type { Context } from "../workflows/context.ts";
import { type AnyWorkflow, workflow } from "../workflows/definition.ts";
import type { Outside } from "./workloads.ts";

/** How a saga ends. */
export type SagaOutcome = "fails" | "works" | "fails behind the pivot";

const retry = { attempts: 40, first: 20, max: 400, jitter: 0.2 } as const;
export const stubbornRetry = { attempts: 4, first: 60, max: 300, jitter: 0.2 } as const;
/** The limit that the fat workload exceeds, bytes. */
export const fatMax = 2_000;

/** At most one throttled start in any period of this many ms. */
export const throttleMs = 400;

/** The steps of a saga that have an `undo`, in order. */
export const sagaSteps = ["a", "b", "c"] as const;

/** Runs that fail, are compensated, are limited or exceed a limit: the cases for recovery actions and flow control. */
export function createRecoveryWorkloads(outside: Outside): readonly AnyWorkflow[] {
  const act = (ctx: Context, attempt: Pick<StepAttempt, "idempotencyKey">): Promise<string> => {
    const key = decodeURIComponent(attempt.idempotencyKey.slice(ctx.run.id.length + 1));
    return outside.act(ctx.run.id, key, attempt as StepAttempt);
  };
  const step = (ctx: Context, name: string): Promise<string> =>
    ctx.step(name, (attempt) => act(ctx, attempt), { retry });

  const saga = workflow<SagaOutcome>({ name: "saga", onFailure: "compensate" }, async (ctx, outcome) => {
    for (const name of sagaSteps) {
      await ctx.step(name, (attempt) => act(ctx, attempt), {
        retry,
        undo: { work: (_result, attempt) => act(ctx, attempt), retry },
      });
    }
    if (outcome === "fails behind the pivot") await ctx.pointOfNoReturn("sold");
    if (outcome !== "works") {
      await ctx.step("last", () => {
        if (outcome === "fails" || !outside.isRepaired(ctx.run.id)) throw new NonRetryableError("cannot be done");
        return "mended";
      });
    }
    return step(ctx, "thanks");
  });

  const limited = workflow<string>(
    { name: "limited", concurrency: [{ key: (tenant) => tenant, limit: 1 }, { limit: 3 }] },
    async (ctx, tenant) => {
      await step(ctx, "first");
      await ctx.sleep("nap", 150);
      await step(ctx, "second");
      return tenant;
    },
  );

  const kept = workflow<string>({ name: "kept", concurrency: { limit: 2, hold: "run" } }, async (ctx) => {
    await step(ctx, "first");
    await ctx.sleep("nap", 200);
    return step(ctx, "second");
  });

  const throttled = workflow({ name: "throttled", throttle: { limit: 1, per: throttleMs } }, (ctx) =>
    step(ctx, "work"),
  );

  /** Becomes a dead letter only after all its retries, which its naps must not hasten. */
  const stubborn = workflow({ name: "stubborn", retry: stubbornRetry }, async (ctx) => {
    const nap = async (): Promise<void> => {
      for (let n = 0; n < 5; n++) await ctx.sleep("nap", 110);
    };
    const never = ctx.step("never", (): string => {
      throw new Error("not today");
    });
    await Promise.all([never, nap()]);
  });

  const hopeless = workflow({ name: "hopeless", retry }, async (ctx) => {
    await ctx.step("never", (): string => {
      throw new NonRetryableError("not ever");
    });
  });

  const fat = workflow({ name: "fat", payloadMax: fatMax }, async (ctx) => {
    await step(ctx, "thin");
    await ctx.step("fat", () => "x".repeat(fatMax + 1));
  });

  /** On every attempt the declared input of a step is the result before it. */
  const mapped = workflow({ name: "mapped" }, async (ctx) => {
    const from = await step(ctx, "source");
    return ctx.step(
      "target",
      async (attempt) => {
        if (attempt.input.from !== from) throw new NonRetryableError(`PROMISE: ${attempt.input.from} is not ${from}`);
        return act(ctx, attempt);
      },
      { retry, input: { from } },
    );
  });

  /** Runs a different step in every second process: code that disagrees with its history. */
  const fickle = workflow({ name: "fickle" }, async (ctx) => {
    await step(ctx, `in ${outside.variant()}`);
    await ctx.sleep("nap", 150);
    return step(ctx, "end");
  });

  const looper = workflow<number>({ name: "looper" }, async (ctx, left) => {
    await step(ctx, "round");
    if (left > 0) return ctx.continueAsNew(left - 1);
    return "done";
  });

  return [saga, limited, kept, throttled, stubborn, hopeless, fat, mapped, fickle, looper];
}
