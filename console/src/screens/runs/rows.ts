import { useQueries } from "@tanstack/react-query";
import type { RunSummary } from "@wire/run.ts";
import { useCallback, useState } from "react";
import type { Params } from "../../api/client.ts";
import { pageRows, queryClient, reads } from "../../api/queries.ts";

/**
 * A list of any length as pages that lie one behind the other: each begins where the one before it ended, so rows keep
 * their places whatever starts meanwhile. Only pages in view are kept; the first is always among them, since it is the one
 * that could not be read again without moving. An epoch is one such reading from the top.
 */
interface Reading {
  readonly epoch: number;
  /** Where each page that is known begins. */
  readonly tokens: readonly (string | null)[];
}

export interface Rows {
  /** Rows that have a place now, those under way at the end included. */
  readonly count: number;
  readonly row: (index: number) => RunSummary | undefined;
  readonly isEmpty: boolean;
  readonly error: unknown;
  readonly updatedAt: number;
  readonly epoch: number;
  /** Reads from the top again, and shows it when it is there. */
  readonly renew: () => Promise<void>;
}

/** Readings of lists that were left, by their filter: who comes back finds the list as it was. */
const readings = new Map<string, Reading>();
let epochs = 0;

export function useRows(filter: Params, first: number, last: number): Rows {
  const key = JSON.stringify(filter);
  const [, update] = useState(0);
  const reading = readings.get(key) ?? { epoch: ++epochs, tokens: [null] };
  readings.set(key, reading);
  const set = useCallback(
    (next: Reading): void => {
      readings.set(key, next);
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
      ...reads.runs(filter, tokens[index] ?? null, epoch),
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  const page = (index: number) => pages[indices.indexOf(index)];
  const end = page(lastPage)?.data;
  if (end !== undefined && end.nextPageToken !== null && last + 60 >= lastPage * pageRows + end.items.length)
    queueMicrotask(() => {
      if (readings.get(key) === reading) set({ epoch, tokens: [...tokens, end.nextPageToken] });
    });
  const endCount = end === undefined ? (lastPage === 0 ? 0 : 20) : end.items.length;
  return {
    count: lastPage * pageRows + endCount,
    row: (index) => page(Math.floor(index / pageRows))?.data?.items[index % pageRows],
    isEmpty: lastPage === 0 && end !== undefined && end.items.length === 0,
    error: pages.find(({ error }) => error !== null)?.error ?? null,
    updatedAt: page(0)?.dataUpdatedAt ?? 0,
    epoch,
    renew: async () => {
      const next = ++epochs;
      await queryClient.prefetchQuery({ ...reads.runs(filter, null, next), staleTime: Number.POSITIVE_INFINITY });
      if (queryClient.getQueryData(reads.runs(filter, null, next).queryKey) !== undefined)
        set({ epoch: next, tokens: [null] });
    },
  };
}
