/**
 * Releases a commit to production. A failure stops the release at that step, and resume continues there. Only the
 * rollout is undone if the new version is not healthy: it is a child run with its own `onFailure`.
 */
import { type Context, NonRetryableError, on, workflow } from "baton";
import { z } from "zod";
import { retry } from "../kit/retry.ts";
import { builder, chat, cluster } from "./systems.ts";

export const Release = z.object({
  service: z.string().min(1),
  commit: z.string().min(1),
  environment: z.string().default("production"),
  platforms: z.array(z.string()).min(1).default(["linux-x64", "linux-arm64", "macos", "windows"]),
});

/** The data of the event `release.decided`. */
export interface Decision {
  release: string;
  approved: boolean;
  by: string;
}

export const releasePipeline = workflow(
  {
    name: "release-pipeline",
    on: on.event("commit.tagged"),
    input: Release,
    key: ({ service, commit }) => `release:${service}@${commit}`,
    singleton: { policy: "queue", key: ({ environment }) => environment },
    retry,
  },
  async (ctx, { service, commit, environment, platforms }) => {
    const release = `${service}@${commit}`;
    const { image } = await ctx.step("build", (attempt) => builder.build({ service, commit }, attempt));
    await ctx.map(
      "platform",
      platforms,
      (platform, branch) => branch.step("test", (attempt) => builder.test({ image, platform }, attempt)),
      { concurrency: 2 },
    );
    await ctx.step("deploy to staging", (attempt) =>
      cluster.deploy({ environment: "staging", service, image }, attempt),
    );

    await announce(ctx, release, "waiting for approval");
    const decision = await ctx.waitForEvent<Decision>("release.decided", { match: { release }, timeout: "2d" });
    if (decision === null || !decision.data.approved) {
      const status = decision === null ? "expired" : "rejected";
      await announce(ctx, release, status);
      return { status } as const;
    }

    await ctx.call(rollout, { environment, service, image });
    await announce(ctx, release, "is live");
    return { status: "released", approvedBy: decision.data.by } as const;
  },
);

export const rollout = workflow(
  {
    name: "rollout",
    input: z.object({ environment: z.string(), service: z.string(), image: z.string() }),
    key: ({ environment, service }) => `rollout:${environment}/${service}`,
    onFailure: "compensate",
    retry,
  },
  async (ctx, target) => {
    const { environment, service } = target;
    await ctx.step("deploy", (attempt) => cluster.deploy(target, attempt), {
      undo: (_deployment, attempt) =>
        cluster.rollBack({ environment, service, deployKey: attempt.stepIdempotencyKey }, attempt),
    });
    for (const minute of [1, 2, 3]) {
      await ctx.sleep("settle in", "1m");
      await ctx.step("check health", async (attempt) => {
        const { errorRate } = await cluster.checkHealth(target, attempt);
        if (errorRate > errorRateMax)
          throw new NonRetryableError(`${errorRate} errors per request in minute ${minute}`);
        return errorRate;
      });
    }
  },
);

/** Errors per request. Above this, the rollout is rolled back. */
const errorRateMax = 0.01;

async function announce(ctx: Context, release: string, text: string): Promise<void> {
  await ctx.step(`announce: ${text}`, (attempt) => chat.post({ release, text }, attempt));
}
