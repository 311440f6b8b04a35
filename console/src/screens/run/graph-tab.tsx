import type { Graph, GraphNode } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import { GraphView, type NodeState } from "../../parts/graph.tsx";
import { duration } from "../../parts/time.ts";
import { runStatus, stepStatus } from "../../parts/words.ts";
import { useNow } from "../../shell/clock.tsx";
import { tookMs } from "./segments.ts";
import type { Steps } from "./steps.ts";

/** The code of the run's version with what became of each step: taken is what ran. */
export function GraphTab({
  run,
  graph,
  steps,
  selected,
  onSelect,
}: {
  run: RunDetail;
  graph: Graph;
  steps: Steps;
  selected: string | null;
  onSelect: (key: string) => void;
}) {
  const now = useNow();
  const selectedName = selected === null ? null : (steps.find(selected)?.name ?? null);
  const ran = new Set(steps.known.filter((step) => step.status !== "pending").map((step) => step.name));
  const leadsTo = takenParts(graph, ran);
  const stateOf = (node: GraphNode): NodeState => {
    if (node.kind === "start") return { word: run.startedBy.by, tone: null, isTaken: true };
    if (node.kind === "end") {
      const isTaken = run.status === "completed";
      return { word: isTaken ? runStatus.completed.word : "not reached", tone: isTaken ? "ok" : null, isTaken };
    }
    const same = steps.known.filter((step) => step.name === node.step && step.status !== "pending");
    const last = same.at(-1);
    if (last === undefined) {
      const isTaken = leadsTo.has(node.id);
      return { word: node.step === null ? (isTaken ? "taken" : "not taken") : "not run", tone: null, isTaken };
    }
    const shown = stepStatus[last.status];
    const took = tookMs(last, now);
    const times = same.length > 1 ? `${same.length} times, last ` : "";
    return {
      word: `${times}${shown.word.toLowerCase()}${took === null ? "" : ` · ${duration(took)}`}`,
      tone: shown.tone,
      isTaken: true,
    };
  };
  return (
    <GraphView
      graph={graph}
      stateOf={stateOf}
      selected={selectedName}
      onSelect={(node) => {
        const step = steps.known.findLast((each) => each.name === node.step);
        if (step !== undefined) onSelect(step.key);
      }}
    />
  );
}

/** Branches and loops are no steps: they were taken when something behind them ran. */
function takenParts(graph: Graph, ran: ReadonlySet<string>): ReadonlySet<string> {
  const taken = new Set(graph.nodes.filter((node) => node.step !== null && ran.has(node.step)).map((node) => node.id));
  for (let size = -1; size !== taken.size; ) {
    size = taken.size;
    for (const { from, to } of graph.edges) {
      const node = graph.nodes.find((each) => each.id === from);
      if (taken.has(to) && node?.step === null) taken.add(from);
    }
  }
  return taken;
}
