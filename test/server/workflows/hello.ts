import { NonRetryableError, workflow } from "baton";
import { z } from "zod";

interface Levers {
  isBroken: boolean;
  release: () => void;
  held: Promise<void>;
}

/**
 * Tests import this file and the server runs its bundle, another module in the same process: both share this object.
 */
const shared: { batonTestLevers?: Levers } = globalThis as object;

shared.batonTestLevers ??= { isBroken: false, release: () => {}, held: Promise.resolve() };

/** Switches by which a test controls the steps below. */
export const levers: Levers = shared.batonTestLevers;

/** Makes `long` wait until `levers.release` is called. */
export function hold(): void {
  levers.held = new Promise((resolve) => {
    levers.release = resolve;
  });
}

const Name = z.object({ name: z.string() });

export const hello = workflow(
  { name: "hello", input: Name, key: ({ name }) => `person:${name}` },
  async (ctx, { name }) => {
    const greeting = await ctx.step("greet", () => `Hello ${name}`);
    return ctx.step("shout", () => greeting.toUpperCase());
  },
);

/** Fails permanently at its second step while broken. */
export const fragile = workflow({ name: "fragile", input: Name }, async (ctx, { name }) => {
  await ctx.step("first", () => name);
  await ctx.step(
    "second",
    () => {
      if (levers.isBroken) throw new NonRetryableError("the other system says no");
      return 2;
    },
    { input: { amount: 1 } },
  );
  await ctx.step("third", () => 3);
  return name;
});

/** Fails once and then waits an hour for its next attempt. */
export const slow = workflow({ name: "slow" }, (ctx) =>
  ctx.step(
    "call",
    (attempt) => {
      if (attempt.number === 1) throw new Error("503 from the other system");
      return attempt.number;
    },
    { retry: { attempts: 3, backoff: "constant", first: "1h", max: "1h", jitter: 0 } },
  ),
);

export const long = workflow({ name: "long" }, async (ctx) => {
  await ctx.step("before", () => 1);
  await ctx.step("hold on", (attempt) => {
    attempt.progress(0.4, "page 12");
    attempt.log.info("holding on", { page: 12 });
    const aborted = new Promise<never>((_resolve, reject) => {
      attempt.signal.addEventListener("abort", () => reject(attempt.signal.reason as Error), { once: true });
    });
    return Promise.race([levers.held.then(() => "released"), aborted]);
  });
  return "done";
});

export const waiting = workflow({ name: "waiting", input: z.object({ deal: z.string() }) }, async (ctx, { deal }) => {
  const reply = await ctx.waitForEvent("deal.accepted", { match: { deal }, timeout: "3d" });
  return reply?.data ?? null;
});

export const large = workflow({ name: "large", input: z.object({ kib: z.number() }) }, async (ctx, { kib }) => {
  const text = await ctx.step("write", () => "x".repeat(kib * 1024));
  return { text };
});

export const loop = workflow({ name: "loop", input: z.object({ count: z.number() }) }, async (ctx, { count }) => {
  for (let i = 0; i < count; i++) await ctx.step("turn", () => i);
  const results = await ctx.map("items", ["a", "b"], (item, branch) => branch.step("inside", () => item));
  return results;
});

export const nap = workflow({ name: "nap" }, async (ctx) => {
  await ctx.sleep("rest", "1h");
});

/** More results than fit a page, then like `fragile`. */
export const tail = workflow({ name: "tail", input: Name }, async (ctx, { name }) => {
  for (let i = 0; i < 220; i++) await ctx.step("turn", () => i);
  return ctx.step(
    "last",
    ({ input }) => {
      if (levers.isBroken) throw new NonRetryableError("the other system says no");
      return { name, ...input };
    },
    { input: { amount: 1 } },
  );
});
