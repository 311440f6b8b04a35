/** The workflows of the storm. Each tests one kind of guarantee. */
import { type AnyWorkflow, type Context, NonRetryableError, type StepAttempt, type UndoAttempt, workflow } from "baton";
import { sagaSteps } from "../../../src/simulation/recovery-workloads.ts";
import type { EffectRequest } from "./effect.ts";

/** Names of the workflows that clients start. */
export const kinds = ["linear", "waiter", "parent", "saga", "limited", "patient", "teller"] as const;
/** Name of such a workflow. */
export type Kind = (typeof kinds)[number];

/** The input of each run. Runs with the same `lane` share a concurrency limit. */
export interface Order {
  readonly id: string;
  readonly lane: string;
}

/** How many runs of one lane may be leased at once. */
export const laneLimit = 2;
/** Children of each parent. */
export const childrenOfParent = 3;
/** The table in the store's own database where `teller` writes one row for each run. */
export const ledgerTable = "public.baton_faults_ledger";

/** A fault costs each running step one attempt, and a storm has far more faults than any real machine. */
const retry = { attempts: 200, backoff: "exponential", first: "20ms", max: "500ms" } as const;

/** Creates them for a world at this address. */
export function createDefinitions(worldUrl: string): readonly AnyWorkflow[] {
  const callWorld = async (
    ctx: Context,
    attempt: StepAttempt | UndoAttempt,
    lane: string | null = null,
  ): Promise<string> => {
    const step = decodeURIComponent(attempt.idempotencyKey.slice(ctx.run.id.length + 1));
    const request: EffectRequest = {
      run: ctx.run.id,
      workflow: ctx.run.name,
      step,
      isUndo: step.startsWith("undo:"),
      idempotencyKey: attempt.idempotencyKey,
      number: attempt.number,
      pid: process.pid,
      lane,
    };
    const response = await fetch(worldUrl, { method: "POST", body: JSON.stringify(request), signal: attempt.signal });
    if (!response.ok) throw new Error(`the world answered ${response.status}`);
    return ((await response.json()) as { receipt: string }).receipt;
  };
  const step = (ctx: Context, name: string, lane: string | null = null): Promise<string> =>
    ctx.step(name, (attempt) => callWorld(ctx, attempt, lane), { retry });

  const linear = workflow<Order>({ name: "linear" }, async (ctx) => {
    await step(ctx, "a");
    await step(ctx, "b");
    return step(ctx, "c");
  });

  const waiter = workflow<Order>({ name: "waiter" }, async (ctx, { id }) => {
    await step(ctx, "before");
    await ctx.sleep("nap", "150ms");
    const event = await ctx.waitForEvent<{ id: string }>("go", { match: { id } });
    if (event?.data.id !== id) throw new NonRetryableError(`PROMISE: ${id} got the event of ${event?.data.id}`);
    return step(ctx, "after");
  });

  const leaf = workflow<Order>({ name: "leaf" }, async (ctx) => {
    await step(ctx, "first");
    return step(ctx, "second");
  });

  const parent = workflow<Order>({ name: "parent" }, async (ctx, order) => {
    const [one, two] = await Promise.all([ctx.call(leaf, order), ctx.call(leaf, order), step(ctx, "own")]);
    const { id } = await ctx.start(leaf, order);
    return { one, two, id };
  });

  const saga = workflow<Order>({ name: "saga", onFailure: "compensate" }, async (ctx) => {
    for (const name of sagaSteps) {
      await ctx.step(name, (attempt) => callWorld(ctx, attempt), {
        retry,
        undo: { work: (_result, attempt) => callWorld(ctx, attempt), retry },
      });
    }
    await ctx.step("last", () => {
      throw new NonRetryableError("cannot be done");
    });
  });

  const limited = workflow<Order>(
    { name: "limited", concurrency: { limit: laneLimit, key: ({ lane }) => lane } },
    async (ctx, { lane }) => {
      await step(ctx, "first", lane);
      await ctx.sleep("nap", "50ms");
      return step(ctx, "second", lane);
    },
  );

  /** Waits for an event that never comes: only its cancel ends it. */
  const patient = workflow<Order>({ name: "patient" }, async (ctx) => {
    await step(ctx, "before");
    await ctx.waitForEvent("never");
    return step(ctx, "after");
  });

  /** Its row commits together with the step's result. */
  const teller = workflow<Order>({ name: "teller" }, async (ctx, { id }) => {
    await step(ctx, "before");
    await ctx.tx("book", (db) => db.query(`insert into ${ledgerTable} (run, id) values ($1, $2)`, [ctx.run.id, id]), {
      retry,
    });
    return step(ctx, "after");
  });

  return [linear, waiter, leaf, parent, saga, limited, patient, teller];
}
