import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Page } from "@wire/page.ts";
import type { RunDetail, RunSummary } from "@wire/run.ts";
import { ApiError, get } from "../../api/client.ts";

/** The id behind what somebody typed: an id, the beginning of one, `latest`, or a business key, of which the newest run. */
export function findRun(text: string | undefined) {
  return queryOptions({
    queryKey: ["find", text],
    enabled: text !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<string> => {
      const asked = text ?? "";
      try {
        return (await get<RunDetail>(`/api/runs/${encodeURIComponent(asked)}`, {}, signal)).id;
      } catch (error) {
        if (!(error instanceof ApiError) || error.isAway) throw error;
        const { items } = await get<Page<RunSummary>>("/api/runs", { key: asked, limit: 1 }, signal);
        if (items[0] === undefined) throw error;
        return items[0].id;
      }
    },
  });
}

/** The newest completed run of the same workflow and version, or null. */
export function lastGood(run: RunDetail | undefined) {
  return queryOptions({
    queryKey: ["last-good", run?.name, run?.version, run?.id],
    enabled: run !== undefined,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<string | null> => {
      const filter = { name: run?.name, version: run?.version, status: "completed", limit: 2 };
      const { items } = await get<Page<RunSummary>>("/api/runs", filter, signal);
      return items.find(({ id }) => id !== run?.id)?.id ?? null;
    },
  });
}
