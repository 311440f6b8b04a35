import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Page } from "@wire/page.ts";
import type { RunDetail, RunSummary } from "@wire/run.ts";
import { ApiError, get } from "../../api/client.ts";

/** Finds a run id from user input: an id, an id prefix, `latest`, or a business key (its newest run). */
export function findRun(text: string | undefined) {
  return queryOptions({
    queryKey: ["find", text],
    enabled: text !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<string> => {
      const input = text ?? "";
      try {
        return (await get<RunDetail>(`/api/runs/${encodeURIComponent(input)}`, {}, signal)).id;
      } catch (error) {
        if (!(error instanceof ApiError) || error.isUnreachable) throw error;
        const { items } = await get<Page<RunSummary>>("/api/runs", { key: input, limit: 1 }, signal);
        if (items[0] === undefined) throw error;
        return items[0].id;
      }
    },
  });
}

/** The newest completed run of the same workflow and version, or null. */
export function lastCompletedRun(run: RunDetail | undefined) {
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
