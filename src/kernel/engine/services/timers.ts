import { defaults } from "../../model/limits.ts";
import type { DueTimers, OwnerKind, Queries } from "../../ports/queries.ts";
import type { Store } from "../../ports/store.ts";
import type { Service } from "./service.ts";

/**
 * Passes each due timer to the handler of its owner's kind, with the store time. A handler moves its owner's timer in
 * the transaction of what it does, so after a crash it is still due. Returns false if the timer is not for this process
 * or another process has handled it.
 */
export type TimerHandlers = Readonly<Record<OwnerKind, (owner: number, now: number) => Promise<boolean>>>;

/** `first` runs at the beginning of each round, because it may set new timers. */
export function createTimers(
  store: Store,
  everyMs: number,
  handlers: TimerHandlers,
  first: () => Promise<void>,
): Service<{ handled: number }> {
  let nextInMs: number | null = null;
  return {
    name: "timers",
    everyMs,
    nextInMs: () => nextInMs,
    runOnce: async () => {
      nextInMs = null;
      await first();
      let handled = 0;
      for (;;) {
        const pass = await handleDue(store, handlers);
        nextInMs = pass.nextInMs;
        handled += pass.handled;
        // A handled timer is set again, perhaps before all those that this pass has read.
        if (pass.handled === 0) return { handled };
      }
    },
  };
}

/** Handles all that is due now, page by page: timers that are not for this process must not hide those after them. */
async function handleDue(store: Store, handlers: TimerHandlers): Promise<{ handled: number; nextInMs: number | null }> {
  let after: Queries["dueTimers"]["params"]["after"] = null;
  let handled = 0;
  for (;;) {
    const { now, due, nextDueAt }: DueTimers = await store.query("dueTimers", { after, limit: defaults.timerBatch });
    for (const timer of due) if (await handlers[timer.kind](timer.owner, now)) handled += 1;
    after = due.at(-1) ?? null;
    if (due.length < defaults.timerBatch) return { handled, nextInMs: nextDueAt === null ? null : nextDueAt - now };
  }
}
