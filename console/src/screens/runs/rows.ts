import { useQueries } from "@tanstack/react-query";
import type { RunSummary } from "@wire/run.ts";
import { useCallback, useState } from "react";
import type { Params } from "../../api/client.ts";
import { pageRows, queries, queryClient } from "../../api/queries.ts";

/**
 * A list of any length, loaded in pages. Each page begins where the previous one ended, so rows keep their positions while
 * new runs start. Only visible pages are kept, and the first one, which could not be reloaded without moving rows. An
 * epoch is one load of the list from the top.
 */
interface LoadedList {
  readonly epoch: number;
  /** Page tokens of the known pages. */
  readonly tokens: readonly (string | null)[];
}

export interface Rows {
  /** Number of rows, including an estimate for a last page that is still loading. */
  readonly count: number;
  readonly row: (index: number) => RunSummary | undefined;
  readonly isEmpty: boolean;
  readonly error: unknown;
  readonly updatedAt: number;
  readonly epoch: number;
  /** Reloads from the top, and switches over once loaded. */
  readonly reload: () => Promise<void>;
}

/** Loaded lists by filter, so that a list is unchanged on return. */
const loadedLists = new Map<string, LoadedList>();
let epochs = 0;

export function useRows(filter: Params, first: number, last: number): Rows {
  const key = JSON.stringify(filter);
  const [, update] = useState(0);
  const reading = loadedLists.get(key) ?? { epoch: ++epochs, tokens: [null] };
  loadedLists.set(key, reading);
  const set = useCallback(
    (next: LoadedList): void => {
      loadedLists.set(key, next);
      update((n) => n + 1);
    },
    [key],
  );
  const { epoch, tokens } = reading;
  const lastPage = tokens.length - 1;
  const inView = new Set([
    0,
    Math.floor(first / pageRows),
    Math.floor(last / pageRows),
    Math.floor((last + 60) / pageRows),
  ]);
  const indices = [...inView].filter((index) => index <= lastPage).sort((a, b) => a - b);
  const pages = useQueries({
    queries: indices.map((index) => ({
      ...queries.runs(filter, tokens[index] ?? null, epoch),
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  const page = (index: number) => pages[indices.indexOf(index)];
  const end = page(lastPage)?.data;
  if (end !== undefined && end.nextPageToken !== null && last + 60 >= lastPage * pageRows + end.items.length)
    queueMicrotask(() => {
      if (loadedLists.get(key) === reading) set({ epoch, tokens: [...tokens, end.nextPageToken] });
    });
  const endCount = end === undefined ? (lastPage === 0 ? 0 : 20) : end.items.length;
  return {
    count: lastPage * pageRows + endCount,
    row: (index) => page(Math.floor(index / pageRows))?.data?.items[index % pageRows],
    isEmpty: lastPage === 0 && end !== undefined && end.items.length === 0,
    error: pages.find(({ error }) => error !== null)?.error ?? null,
    updatedAt: page(0)?.dataUpdatedAt ?? 0,
    epoch,
    reload: async () => {
      const next = ++epochs;
      await queryClient.prefetchQuery({ ...queries.runs(filter, null, next), staleTime: Number.POSITIVE_INFINITY });
      if (queryClient.getQueryData(queries.runs(filter, null, next).queryKey) !== undefined)
        set({ epoch: next, tokens: [null] });
    },
  };
}
