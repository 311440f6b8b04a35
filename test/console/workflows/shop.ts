import { NonRetryableError, on, workflow } from "baton";
import { z } from "zod";

/** Workflows of a shop for the console tests and screenshots; their runs end in different states. */
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const Deal = z.object({
  dealId: z.string().min(1).describe("As sales knows it"),
  company: z.string().min(1),
  amount: z.number().min(0).default(100),
  tier: z.enum(["smb", "enterprise"]).default("smb"),
});

/** Fails at "charge card" if the amount is above 900; an edited input fixes it. */
export const customerOnboarding = workflow(
  {
    name: "customer-onboarding",
    on: on.event("deal.closed_won"),
    input: Deal,
    key: ({ dealId }) => `deal:${dealId}`,
  },
  async (ctx, deal) => {
    const project = await ctx.step("create project", async () => {
      await pause(40);
      return { id: `P-${deal.dealId}`, company: deal.company };
    });
    await ctx.step(
      "provision account",
      async (attempt) => {
        await pause(20);
        if (attempt.number < 3) throw new Error("503 upstream connect error, try again later");
        return { login: `admin@${deal.dealId}.example` };
      },
      { retry: { attempts: 5, backoff: "exponential", first: "60ms", max: "2s" }, undo: () => pause(5) },
    );
    await Promise.all([
      ctx.step("send welcome mail", () => pause(50).then(() => ({ sent: true }))),
      ctx.step("assign success manager", () => pause(25).then(() => ({ manager: "m.ito" }))),
    ]);
    if (deal.amount > 0) {
      await ctx.step(
        "charge card",
        async () => {
          await pause(30);
          if (deal.amount > 900) throw new NonRetryableError("card_declined: insufficient_funds");
          return { receipt: `R-${deal.dealId}`, amount: deal.amount };
        },
        { timeout: "30s" },
      );
    } else await ctx.step("invoice later", () => ({ invoice: `I-${deal.dealId}` }));
    await ctx.step("schedule kickoff", () => pause(10).then(() => ({ at: "Monday" })));
    return { project, tier: deal.tier };
  },
);

export const approval = workflow(
  { name: "discount-approval", input: z.object({ deal: z.string() }), key: ({ deal }) => `deal:${deal}` },
  async (ctx, { deal }) => {
    await ctx.step("compute discount", () => ({ percent: 25 }));
    const answer = await ctx.waitForEvent("discount.decided", { match: { deal }, timeout: "2d" });
    return answer?.data ?? null;
  },
);

export const sync = workflow({ name: "contact-sync", key: () => "crm" }, (ctx) =>
  ctx.step(
    "sync contact",
    () => {
      throw new Error("429 rate limited");
    },
    { retry: { attempts: 8, backoff: "constant", first: "40m", max: "40m", jitter: 0 } },
  ),
);

export const refund = workflow(
  {
    name: "refund",
    input: z.object({ order: z.string() }),
    key: ({ order }) => `order:${order}`,
    onFailure: "compensate",
  },
  async (ctx, { order }) => {
    await ctx.step("reserve refund", () => ({ order }), { undo: () => pause(5) });
    await ctx.step("pay out", () => {
      throw new NonRetryableError(`bank refuses order ${order}: account closed`);
    });
  },
);

export const billing = workflow(
  {
    name: "nightly-billing",
    on: on.schedule({ name: "nightly", cron: "30 2 * * *", zone: "Europe/Berlin", input: () => ({ count: 3 }) }),
    input: z.object({ count: z.int() }),
  },
  async (ctx, { count }) => {
    for (let i = 0; i < count; i++) await ctx.step("bill account", () => i);
    return { billed: count };
  },
);

/** Returns its input, for payloads of every kind. */
export const echo = workflow({ name: "echo" }, async (ctx, input: unknown) => {
  ctx.log.info(`log \u001b[31mred\u001b[0m <b>bold</b>`, { input: typeof input });
  return ctx.step("echo", () => input);
});

export const blow = workflow({ name: "blow", payloadMax: 16 * 1024 * 1024 }, (ctx, { kib }: { kib: number }) =>
  ctx.step("blow up", () => "<script>alert(1)</script>".repeat(Math.floor((kib * 1024) / 25))),
);

/** Fails with the given message. */
export const failing = workflow({ name: "failing" }, (ctx, { message, name }: { message: string; name?: string }) =>
  ctx.step(name ?? "fail", () => {
    throw new NonRetryableError(message);
  }),
);

export const ticks = workflow({ name: "ticks" }, async (ctx, { count }: { count: number }) => {
  for (let i = 0; i < count; i++) await ctx.step("tick", () => i);
});
