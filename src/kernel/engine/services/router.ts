import type { Routing } from "../routing.ts";
import type { Service } from "./service.ts";

/**
 * Starts the runs that stored events trigger: events that runs emitted, events accepted by a process without the
 * triggers, and events whose process crashed before they were routed. An event is marked in the transaction of its
 * starts, so a crash between two rounds repeats nothing.
 */
export function createRouter(routing: Routing, everyMs: number): Service<{ routed: number }> {
  return { name: "event router", everyMs, runOnce: async () => ({ routed: await routing.routeWaiting() }) };
}
