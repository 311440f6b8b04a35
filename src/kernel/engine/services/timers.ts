import { defaults } from "../../model/limits.ts";
import type { DueTimers, OwnerKind, Queries } from "../../ports/queries.ts";
import type { Store } from "../../ports/store.ts";
import type { Service } from "./service.ts";

/**
 * Hands each due timer to the handler of its owner's kind, with the store's time. A handler moves its owner's timer in
 * the transaction of what it does, so a crash leaves it due; false: it was not for this process, or somebody else did it.
 */
export type TimerHandlers = Readonly<Record<OwnerKind, (owner: number, now: number) => Promise<boolean>>>;

/** `first` is done at the beginning of each round: what may set timers that were not there before. */
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
        const look = await lookOnce(store, handlers);
        nextInMs = look.nextInMs;
        handled += look.handled;
        // What was handled has a new timer, which may come before all that this look knew of.
        if (look.handled === 0) return { handled };
      }
    },
  };
}

/** All that is due now, page by page: timers that are not for this process must not hide those behind them. */
async function lookOnce(store: Store, handlers: TimerHandlers): Promise<{ handled: number; nextInMs: number | null }> {
  let after: Queries["dueTimers"]["params"]["after"] = null;
  let handled = 0;
  for (;;) {
    const { now, due, nextDueAt }: DueTimers = await store.query("dueTimers", { after, limit: defaults.timerBatch });
    for (const timer of due) if (await handlers[timer.kind](timer.owner, now)) handled += 1;
    after = due.at(-1) ?? null;
    if (due.length < defaults.timerBatch) return { handled, nextInMs: nextDueAt === null ? null : nextDueAt - now };
  }
}
