import type { Graph, GraphNode } from "@wire/graph.ts";
import type { RunDetail } from "@wire/run.ts";
import { GraphView, type NodeState } from "../../components/graph.tsx";
import { runStatus, stepStatus } from "../../components/status.ts";
import { formatDuration } from "../../components/time.ts";
import { useNow } from "../../shell/clock.tsx";
import { stepDurationMs } from "./segments.ts";
import type { Steps } from "./steps.ts";

/** The graph of the run's version, with the state of each step. Nodes that ran are marked as taken. */
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
    if (node.kind === "start") return { label: run.startedBy.by, tone: null, isTaken: true };
    if (node.kind === "end") {
      const isTaken = run.status === "completed";
      return { label: isTaken ? runStatus.completed.label : "not reached", tone: isTaken ? "ok" : null, isTaken };
    }
    const same = steps.known.filter((step) => step.name === node.step && step.status !== "pending");
    const last = same.at(-1);
    if (last === undefined) {
      const isTaken = leadsTo.has(node.id);
      return { label: node.step === null ? (isTaken ? "taken" : "not taken") : "not run", tone: null, isTaken };
    }
    const shown = stepStatus[last.status];
    const took = stepDurationMs(last, now);
    const times = same.length > 1 ? `${same.length} times, last ` : "";
    return {
      label: `${times}${shown.label.toLowerCase()}${took === null ? "" : ` · ${formatDuration(took)}`}`,
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

/** Branches and loops are not steps: they count as taken if a step after them ran. */
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
