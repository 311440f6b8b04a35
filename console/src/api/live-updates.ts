import type { Page } from "@wire/page.ts";
import type { RunSummary } from "@wire/run.ts";
import type { RunPatch } from "@wire/stream.ts";
import { live } from "./live.ts";
import { invalidate, queryClient } from "./queries.ts";

/** Minimum intervals between refetches caused by the live stream, however many events arrive. */
const countersMs = 1_000;
const homeMs = 3_000;
const detailMs = 400;

export function startLiveUpdates(): () => void {
  const counters = throttle(countersMs, () => invalidate("facets", "guide"));
  const home = throttle(homeMs, () => invalidate("home"));
  const slowly = throttle(10_000, () =>
    invalidate("hours", "groups", "definitions", "schedules", "events", "group", "bulks", "key"),
  );
  const details = new Map<string, () => void>();
  const detail = (id: string): void => {
    if (queryClient.getQueryState(["run", id]) === undefined) return;
    let again = details.get(id);
    if (again === undefined) {
      again = throttle(detailMs, () => {
        for (const kind of ["run", "steps", "history", "logs"])
          void queryClient.invalidateQueries({ queryKey: [kind, id] });
      });
      details.set(id, again);
    }
    again();
  };
  return live.listen({
    changed: (patch) => {
      patchRow(patch);
      detail(patch.id);
      counters();
      home();
      slowly();
    },
    burst: () => {
      counters();
      home();
      slowly();
    },
    reset: () => {
      details.clear();
      // Pages of the run list are not refetched, so that rows do not move: the user reloads them.
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "runs" });
    },
  });
}

/** Updates the row of a run in every cached list, without moving it. */
function patchRow({ id, status, reason, reasonText, endedAt, steps }: RunPatch): void {
  queryClient.setQueriesData<Page<RunSummary>>({ queryKey: ["runs"] }, (page) => {
    const at = page?.items.findIndex((run) => run.id === id) ?? -1;
    const run = page?.items[at];
    if (page === undefined || run === undefined) return page;
    if (run.status === status && run.reasonText === reasonText && run.stepsDone === steps) return page;
    return { ...page, items: page.items.with(at, { ...run, status, reason, reasonText, endedAt, stepsDone: steps }) };
  });
}

/** Calls `work` soon, then at most once every `ms`; a call during the interval runs at its end. */
export function throttle(ms: number, work: () => void): () => void {
  let nextAt = 0;
  let timer: number | undefined;
  return () => {
    if (timer !== undefined) return;
    const now = Date.now();
    timer = window.setTimeout(
      () => {
        timer = undefined;
        nextAt = Date.now() + ms;
        work();
      },
      Math.max(0, nextAt - now),
    );
  };
}
