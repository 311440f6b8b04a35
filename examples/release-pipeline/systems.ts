/** The interfaces of the systems that handle a release. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const Build = z.object({ service: z.string(), commit: z.string() });
const environment = z.string();

export const [builder, builderSystem] = defineSystem("builder", {
  build: { request: Build, answer: z.object({ image: z.string() }) },
  test: {
    request: z.object({ image: z.string(), platform: z.string() }),
    answer: z.object({ platform: z.string(), passed: z.int() }),
  },
});

export const [cluster, clusterSystem] = defineSystem("cluster", {
  deploy: {
    request: z.object({ environment, service: z.string(), image: z.string() }),
    answer: z.object({ image: z.string() }),
  },
  /**
   * Restores the image that ran before the deployment with this key. Does nothing if that deployment did not happen.
   */
  rollBack: {
    request: z.object({ environment, service: z.string(), deployKey: z.string() }),
    answer: z.object({ image: z.string().nullable() }),
  },
  checkHealth: {
    request: z.object({ environment, service: z.string(), image: z.string() }),
    answer: z.object({ errorRate: z.number() }),
  },
});

export const [chat, chatSystem] = defineSystem("chat", {
  post: { request: z.object({ release: z.string(), text: z.string() }), answer: z.object({ messageId: z.string() }) },
});
