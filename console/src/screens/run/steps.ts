import { useQueries, useQuery } from "@tanstack/react-query";
import type { Graph } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import { isAtRest } from "@wire/status.ts";
import type { Step } from "@wire/step.ts";
import { useMemo } from "react";
import { pageRows, queries } from "../../api/queries.ts";

/** The steps of a run; those of a long run are loaded in blocks as they become visible. */
export interface Steps {
  readonly count: number;
  readonly row: (index: number) => Step | undefined;
  /** All loaded steps. */
  readonly known: readonly Step[];
  readonly find: (key: string) => Step | undefined;
}

/** Loads the blocks that contain the visible rows. */
export function useSteps(run: RunDetail, graph: Graph | undefined, first: number, last: number): Steps {
  const isLong = run.stepCount > run.steps.length && run.stepCount > pageRows;
  const blocks = isLong
    ? [...new Set([Math.floor(first / pageRows), Math.floor(last / pageRows)])].filter((block) => block > 0)
    : [];
  const pages = useQueries({ queries: blocks.map((block) => queries.steps(run.id, block * pageRows)) });
  const notRun = useMemo(() => (isLong ? [] : notRunOf(run, graph)), [isLong, run, graph]);
  const own = isLong ? run.steps.slice(0, pageRows) : [...run.steps, ...notRun];
  const known = [...own, ...pages.flatMap((page) => page.data?.items ?? [])];
  return {
    count: isLong ? run.stepCount : own.length,
    row: (index) => {
      const block = isLong ? Math.floor(index / pageRows) : 0;
      return block === 0 ? own[index] : pages[blocks.indexOf(block)]?.data?.items[index % pageRows];
    },
    known,
    find: (key) => known.find((step) => step.key === key),
  };
}

/** Steps in the code that have not run yet; none for a completed run. */
function notRunOf(run: RunDetail, graph: Graph | undefined): readonly Step[] {
  if (graph === undefined || run.status === "completed") return [];
  const seen = new Set(run.steps.map((step) => step.name));
  return graph.nodes
    .filter((node) => node.step !== null && !seen.has(node.step))
    .map((node) => ({
      name: node.step ?? "",
      key: node.step ?? "",
      kind: node.kind as Step["kind"],
      status: "pending" as const,
      input: null,
      output: null,
      error: null,
      attempts: [],
      startedAt: null,
      endedAt: null,
    }));
}

/** The graph of the run's version; no data while it loads or if the source is unavailable. */
export function useGraph(run: Pick<RunDetail, "name" | "version">) {
  return useQuery(queries.graph(run.name, run.version));
}

/** The step selected by default: the failed one, or the one in progress. */
export function defaultStep(run: RunDetail): string | null {
  const failed = run.steps.findLast((step) => step.status === "failed");
  if (!isAtRest(run.status))
    return run.steps.findLast((step) => step.endedAt === null)?.key ?? failed?.key ?? run.steps.at(-1)?.key ?? null;
  return failed?.key ?? run.steps.at(-1)?.key ?? null;
}
