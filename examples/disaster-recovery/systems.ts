/** The interfaces of the systems that handle an outage. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const site = z.string();

export const [pager, pagerSystem] = defineSystem("pager", {
  alert: { request: z.object({ site, text: z.string() }), answer: z.object({ alertId: z.string() }) },
});

export const [backups, backupsSystem] = defineSystem("backups", {
  /** Starts a restore. The event `restore.finished` reports its end. */
  restore: { request: z.object({ site }), answer: z.object({ restoreId: z.string() }) },
  abandon: { request: z.object({ site, restoreId: z.string() }), answer: z.object({}) },
});

export const [traffic, trafficSystem] = defineSystem("traffic", {
  reroute: { request: z.object({ site, to: z.string() }), answer: z.object({ servedBy: z.string() }) },
  sendBack: { request: z.object({ site, rerouteKey: z.string() }), answer: z.object({ servedBy: z.string() }) },
  validate: { request: z.object({ site }), answer: z.object({ servedBy: z.string(), isServing: z.boolean() }) },
});
