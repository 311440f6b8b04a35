import type { Page } from "@wire/page.ts";
import type { RunSummary } from "@wire/run.ts";
import { isAtRest } from "@wire/status.ts";
import { useEffect, useRef } from "react";
import { ApiError, get } from "../../api/client.ts";
import { throttle } from "../../api/fresh.ts";
import { live } from "../../api/live.ts";
import { queryClient } from "../../api/queries.ts";
import type { Rows } from "./rows.ts";

/** So often at most the rows in view are read again when more changes than is told one by one. */
const readMs = 2_000;

/** Keeps the rows in view true in a burst, when the stream tells only that much has changed. */
export function useVisibleRows(rows: Rows, first: number, last: number): void {
  const view = useRef({ rows, first, last });
  view.current = { rows, first, last };
  useEffect(() => {
    const readAgain = throttle(readMs, () => void patchVisible(view.current).catch(leaveAsTheyAre));
    return live.listen({ changed: () => {}, burst: readAgain, reset: readAgain });
  }, []);
}

/** An answer that does not come leaves the rows as they are: the top bar says of when they are. */
function leaveAsTheyAre(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
}

async function patchVisible({ rows, first, last }: { rows: Rows; first: number; last: number }): Promise<void> {
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
