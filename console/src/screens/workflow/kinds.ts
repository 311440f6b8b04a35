import type { GraphNode } from "@wire/graph.ts";

/** Labels for the kinds of graph nodes. */
export const kindTexts: Readonly<Record<GraphNode["kind"], string>> = {
  step: "step",
  once: "at most once",
  tx: "transaction",
  sleep: "sleep",
  event: "wait for event",
  child: "child run",
  start: "start",
  emit: "send event",
  race: "race",
  attributes: "set attributes",
  pivot: "point of no return",
  cleanup: "register a cleanup",
  undo: "undo",
  end: "end",
  branch: "branch",
  loop: "loop",
  parallel: "parallel",
};
