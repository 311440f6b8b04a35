import type { Graph, GraphNode } from "@wire/graph.ts";
import { useEffect, useRef } from "react";
import { baseStyles } from "./basics.tsx";
import styles from "./graph.module.css";
import { Empty } from "./states.tsx";
import type { Tone } from "./status.ts";

/** What a node shows in addition to its name. */
export interface NodeState {
  readonly label: string;
  readonly tone: Tone | null;
  readonly isTaken: boolean;
}

const pad = 16;

/**
 * A graph with a layout from the server. Nodes are buttons in code order, for keyboards and screen readers; edges are
 * decorative. An edge is solid if both of its nodes were taken.
 */
export function GraphView({
  graph,
  stateOf,
  selected,
  onSelect,
}: {
  graph: Graph;
  stateOf: (node: GraphNode) => NodeState;
  selected: string | null;
  onSelect: (node: GraphNode) => void;
}) {
  const area = useRef<HTMLDivElement>(null);
  const isTaken = new Map(graph.nodes.map((node) => [node.id, stateOf(node).isTaken]));
  const shown = graph.nodes.find((node) => node.step !== null && node.step === selected);
  useEffect(() => {
    const { current } = area;
    if (current === null || shown === undefined) return;
    current.scrollTo({
      left: shown.x + shown.width / 2 - current.clientWidth / 2,
      top: shown.y + shown.height / 2 - current.clientHeight / 2,
    });
  }, [shown]);
  if (graph.nodes.length === 0) return <Empty title="No steps found in the source" />;
  return (
    <div>
      <div
        ref={area}
        className={styles.area}
        tabIndex={0}
        role="group"
        aria-label={`Graph of ${graph.name} version ${graph.version}`}
      >
        <div className={styles.paper} style={{ width: graph.width + 2 * pad, height: graph.height + 2 * pad }}>
          <svg
            className={styles.edges}
            width={graph.width + 2 * pad}
            height={graph.height + 2 * pad}
            aria-hidden="true"
          >
            {graph.edges.map((edge) => (
              <g key={`${edge.from} ${edge.to} ${edge.label}`}>
                <path
                  d={edge.points.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${x + pad} ${y + pad}`).join("")}
                  data-taken={isTaken.get(edge.from) === true && isTaken.get(edge.to) === true}
                />
                {edge.label === null ? null : (
                  <text x={middle(edge.points).x + pad} y={middle(edge.points).y + pad - 5}>
                    {edge.label}
                  </text>
                )}
              </g>
            ))}
          </svg>
          <ol>
            {graph.nodes.map((node) => {
              const state = stateOf(node);
              return (
                <li key={node.id}>
                  <button
                    type="button"
                    className={`${styles.node} ${baseStyles.toned}`}
                    data-kind={node.kind}
                    data-tone={state.tone ?? undefined}
                    data-selected={node.step !== null && node.step === selected}
                    style={{ left: node.x + pad, top: node.y + pad, width: node.width, height: node.height }}
                    onClick={() => onSelect(node)}
                    title={node.label}
                  >
                    <span>{node.label}</span>
                    <small>{state.label}</small>
                  </button>
                </li>
              );
            })}
          </ol>
        </div>
      </div>
      {graph.gaps.length === 0 ? null : (
        <p className={styles.gaps}>Could not be read from the source: {graph.gaps.join("; ")}</p>
      )}
      <details className={styles.twin}>
        <summary>Show as list</summary>
        <ol>
          {graph.nodes.map((node) => (
            <li key={node.id}>
              {node.label}: {stateOf(node).label}
              {nextText(graph, node)}
            </li>
          ))}
        </ol>
      </details>
    </div>
  );
}

function nextText(graph: Graph, node: GraphNode): string {
  const edges = graph.edges.filter((edge) => edge.from === node.id);
  const label = (id: string): string => graph.nodes.find((each) => each.id === id)?.label ?? id;
  return edges.length === 0 ? "" : `; ${edges.map((edge) => `${edge.label ?? "then"} ${label(edge.to)}`).join(", ")}`;
}

function middle(points: Graph["edges"][number]["points"]): { x: number; y: number } {
  return points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
}
