/**
 * Recovers a site that is down. If the restore misses its deadline, the traffic is rerouted to the standby, and routed
 * back if the standby does not work. Many alerts about one site start one recovery.
 */
import { type Context, NonRetryableError, on, workflow } from "baton";
import { z } from "zod";
import { retry } from "../kit/retry.ts";
import { backups, pager, traffic } from "./systems.ts";

export const Outage = z.object({
  site: z.string().min(1),
  standby: z.string().min(1),
  severity: z.enum(["minor", "critical"]),
  detail: z.string(),
});

/** Starts the recovery with the latest alert, after ten seconds without alerts or one minute at most. */
export const outageAlerts = workflow(
  {
    name: "outage-alerts",
    on: on.event("outage.detected"),
    input: Outage,
    key: ({ site }) => `site:${site}`,
    debounce: { wait: "10s", max: "1m", key: ({ site }) => site },
  },
  (ctx, outage) => ctx.start(disasterRecovery, outage),
);

export const disasterRecovery = workflow(
  {
    name: "disaster-recovery",
    input: Outage,
    key: ({ site }) => `site:${site}`,
    singleton: { policy: "skip", key: ({ site }) => site },
    concurrency: { limit: 2, shared: "operations" },
    priority: ({ severity }) => (severity === "critical" ? 600 : 0),
    onFailure: "compensate",
    deadline: "4h",
    retry,
  },
  async (ctx, { site, standby, detail }) => {
    await alert(ctx, site, `down: ${detail}`);
    if (await isRestored(ctx, site)) {
      await validate(ctx, site);
      await alert(ctx, site, "restored");
      return { status: "restored" } as const;
    }

    await ctx.step("reroute traffic", (attempt) => traffic.reroute({ site, to: standby }, attempt), {
      undo: (_route, attempt) => traffic.sendBack({ site, rerouteKey: attempt.stepIdempotencyKey }, attempt),
    });
    await alert(ctx, site, `served by ${standby}`);
    await ctx.sleep("let it warm up", "1m");
    await validate(ctx, site);
    return { status: "rerouted", servedBy: standby } as const;
  },
);

/** Whether the restore finished before its deadline. A late restore is abandoned. */
async function isRestored(ctx: Context, site: string): Promise<boolean> {
  const { restoreId } = await ctx.step("begin restore", (attempt) => backups.restore({ site }, attempt));
  const { winner } = await ctx.race({
    restored: (branch) => branch.waitForEvent("restore.finished", { match: { restoreId } }),
    late: (branch) => branch.sleep("restore deadline", "15m"),
  });
  if (winner === "restored") return true;
  await ctx.step("abandon restore", (attempt) => backups.abandon({ site, restoreId }, attempt));
  return false;
}

async function validate(ctx: Context, site: string): Promise<void> {
  await ctx.step("validate", async (attempt) => {
    const { servedBy, isServing } = await traffic.validate({ site }, attempt);
    if (!isServing) throw new NonRetryableError(`${servedBy} is not serving ${site}`);
  });
}

async function alert(ctx: Context, site: string, text: string): Promise<void> {
  await ctx.step(`alert: ${text}`, (attempt) => pager.alert({ site, text }, attempt));
}
