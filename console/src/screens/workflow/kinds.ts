import type { GraphNode } from "@wire/graph.ts";

/** What stands in the code, as people say it. */
export const kindWords: Readonly<Record<GraphNode["kind"], string>> = {
  step: "step",
  once: "at most once",
  tx: "own transaction",
  sleep: "sleeps",
  event: "waits for an event",
  child: "child run",
  start: "start",
  emit: "sends an event",
  race: "race",
  attributes: "sets attributes",
  pivot: "point of no return",
  undo: "undo",
  end: "end",
  branch: "branch",
  loop: "loop",
  parallel: "in parallel",
};
