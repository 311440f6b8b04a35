import type { StartRun } from "../../model/start-run.ts";
import type { EventRow } from "../../ports/queries.ts";
import type { Store } from "../../ports/store.ts";
import type { Service } from "./service.ts";

const routeBatch = 100;

/**
 * Starts the runs that stored events trigger: events that runs emitted, and events accepted by a process without the
 * triggers. An event is marked in the transaction of its starts, so a crash between two rounds repeats nothing.
 */
export function createRouter(
  store: Store,
  everyMs: number,
  startsOf: (event: EventRow) => Promise<{ starts: readonly StartRun[]; refused: readonly string[] }>,
): Service<{ routed: number }> {
  return {
    name: "event router",
    everyMs,
    runOnce: async () => {
      let routed = 0;
      for (;;) {
        const events = await store.query("unrouted", { limit: routeBatch });
        for (const event of events) {
          const { starts, refused } = await startsOf(event);
          await store.commit({ kind: "route", event: event.no, starts, refused });
          routed += 1;
        }
        if (events.length < routeBatch) return { routed };
      }
    },
  };
}
