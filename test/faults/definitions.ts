import { setImmediate as nextTurn } from "node:timers/promises";
import { workflow } from "baton";
import { z } from "zod";

/** Kills its process each time it runs. Only the engine can end this; the step must not run out of attempts first. */
export const poison = workflow({ name: "poison", input: z.object({}) }, async (ctx) => {
  await ctx.step("kill the process", () => process.kill(process.pid, "SIGKILL"), {
    retry: { attempts: 100, backoff: "exponential", first: "10ms", max: "50ms" },
  });
});

/** A healthy run next to the poison run: two small steps, each of which gives the poison run a turn. */
export const healthy = workflow({ name: "healthy", input: z.object({ number: z.int() }) }, async (ctx, { number }) => {
  const doubled = await ctx.step("double", () => nextTurn(number * 2));
  return ctx.step("add one", () => nextTurn(doubled + 1));
});
