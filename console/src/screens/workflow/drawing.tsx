import { useQuery } from "@tanstack/react-query";
import type { RecentRuns } from "@wire/definition.ts";
import type { GraphNode } from "@wire/graph.ts";
import { reads } from "../../api/queries.ts";
import { GraphView } from "../../parts/graph.tsx";
import { Loaded } from "../../parts/states.tsx";
import { duration } from "../../parts/time.ts";
import { kindWords } from "./kinds.ts";

import { StepPanel } from "./step-panel.tsx";
import styles from "./workflow.module.css";

/** The code of a version as a drawing; a step that is chosen is told beside it. */
export function Drawing({
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
  const graph = useQuery(reads.graph(name, version));
  return (
    <Loaded of={graph} rows={5}>
      {(data) => {
        const node = data.nodes.find((each) => each.step !== null && each.step === selected);
        return (
          <div className={styles.drawing} data-drawer={node !== undefined}>
            <GraphView
              graph={data}
              selected={selected}
              onSelect={(each) => each.step !== null && onSelect(each.step === selected ? null : each.step)}
              stateOf={(each) => ({
                word: nodeWords(each, recent),
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

function nodeWords(node: GraphNode, recent: RecentRuns): string {
  const figures = recent.steps.find((step) => step.name === node.step);
  const words = node.hasUndo ? `${kindWords[node.kind]}, has an undo` : kindWords[node.kind];
  return figures === undefined ? words : `${words} · p50 ${duration(figures.p50Ms)}`;
}
