import { Worker } from "node:worker_threads";
import { StoreError } from "../../kernel/model/errors.ts";
import type { Queries } from "../../kernel/ports/queries.ts";
import type { ThreadResponse } from "./messages.ts";
import { unwireError } from "./wire-error.ts";

/**
 * Queries that read every row. On the store's own thread every run would wait for them, and in pages they would see
 * rows that change meanwhile. So each gets its own connection and thread, and reads one snapshot of the store.
 */
const besideQueries = ["violations", "counterDrift", "checkup", "sizes"] as const satisfies readonly (keyof Queries)[];
export type BesideQuery = (typeof besideQueries)[number];

export function isBeside(query: keyof Queries): query is BesideQuery {
  return (besideQueries as readonly string[]).includes(query);
}

/** Runs a query on a separate reader thread. The file must exist. */
export async function readBeside<T>(path: string, query: BesideQuery, params: unknown): Promise<T> {
  const suffix = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const url = new URL(`./reader-thread.${suffix}`, import.meta.url);
  const thread = new Worker(url, { workerData: { path, query, params }, execArgv: [] });
  try {
    const answer = await new Promise<ThreadResponse>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
      thread.once("exit", () => reject(new StoreError("unavailable", "the reader thread of the store exited")));
    });
    if (answer.kind === "refused") throw unwireError(answer.error);
    if (answer.kind !== "answered")
      throw new StoreError("unavailable", "the reader thread of the store did not respond");
    return answer.value as T;
  } finally {
    await thread.terminate();
  }
}
