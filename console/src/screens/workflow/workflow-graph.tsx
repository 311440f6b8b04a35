import { useQuery } from "@tanstack/react-query";
import type { RecentRuns } from "@wire/definition.ts";
import type { GraphNode } from "@wire/graph.ts";
import { queries } from "../../api/queries.ts";
import { GraphView } from "../../components/graph.tsx";
import { Loaded } from "../../components/states.tsx";
import { formatDuration } from "../../components/time.ts";
import { kindTexts } from "./kinds.ts";
import { StepPanel } from "./step-panel.tsx";
import styles from "./workflow.module.css";

/** The graph of a version, with details of the selected step. */
export function WorkflowGraph({
  name,
  version,
  recent,
  selected,
  onSelect,
}: {
  name: string;
  version: number;
  recent: RecentRuns;
  selected: string | null;
  onSelect: (step: string | null) => void;
}) {
  const graph = useQuery(queries.graph(name, version));
  return (
    <Loaded query={graph} rows={5}>
      {(data) => {
        const node = data.nodes.find((each) => each.step !== null && each.step === selected);
        return (
          <div className={styles.drawing} data-drawer={node !== undefined}>
            <GraphView
              graph={data}
              selected={selected}
              onSelect={(each) => each.step !== null && onSelect(each.step === selected ? null : each.step)}
              stateOf={(each) => ({
                label: nodeText(each, recent),
                tone: each.hasUndo ? "undo" : null,
                isTaken: true,
              })}
            />
            {node === undefined ? null : (
              <StepPanel
                node={node}
                recent={recent.steps.find((step) => step.name === node.step)}
                onClose={() => onSelect(null)}
              />
            )}
          </div>
        );
      }}
    </Loaded>
  );
}

function nodeText(node: GraphNode, recent: RecentRuns): string {
  const figures = recent.steps.find((step) => step.name === node.step);
  const words = node.hasUndo ? `${kindTexts[node.kind]} with undo` : kindTexts[node.kind];
  return figures === undefined ? words : `${words} · p50 ${formatDuration(figures.p50Ms)}`;
}
