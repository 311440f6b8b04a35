import type { Page } from "@wire/page.ts";
import type { RunSummary } from "@wire/run.ts";
import { isAtRest } from "@wire/status.ts";
import { useEffect, useRef } from "react";
import { ApiError, get } from "../../api/client.ts";
import { live } from "../../api/live.ts";
import { throttle } from "../../api/live-updates.ts";
import { queryClient } from "../../api/queries.ts";
import type { Rows } from "./rows.ts";

/** Minimum interval between refreshes of the visible rows during a burst. */
const refreshMs = 2_000;

/** Refreshes the visible rows when the stream reports a burst instead of individual changes. */
export function useVisibleRows(rows: Rows, first: number, last: number): void {
  const view = useRef({ rows, first, last });
  view.current = { rows, first, last };
  useEffect(() => {
    const readAgain = throttle(refreshMs, () => void refreshVisible(view.current).catch(ignoreApiError));
    return live.listen({ changed: () => {}, burst: readAgain, reset: readAgain });
  }, []);
}

/** Ignores a failed refresh: the rows are unchanged, and the top bar shows the age of the data. */
function ignoreApiError(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
}

async function refreshVisible({ rows, first, last }: { rows: Rows; first: number; last: number }): Promise<void> {
  const moving: string[] = [];
  for (let i = first; i <= last; i++) {
    const run = rows.row(i);
    if (run !== undefined && !isAtRest(run.status)) moving.push(run.id);
  }
  if (moving.length === 0) return;
  const { items } = await get<Page<RunSummary>>("/api/runs", { ids: moving.slice(0, 100).join(","), limit: 100 });
  const now = new Map(items.map((run) => [run.id, run]));
  queryClient.setQueriesData<Page<RunSummary>>({ queryKey: ["runs"] }, (page) =>
    page === undefined ? page : { ...page, items: page.items.map((run) => now.get(run.id) ?? run) },
  );
}
