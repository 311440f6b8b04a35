import type { GraphEdge, GraphNode } from "../../wire/graph.ts";
import type { Chart, ChartNode } from "./chart.ts";

/** A chart with its positions, in CSS pixels. */
export interface Layout {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly width: number;
  readonly height: number;
}

/** Boxes are as wide as their text, within limits. */
const widthMin = 120;
const widthMax = 220;
const characterWidth = 7.2;
const padding = 40;
const height = 40;
const margin = 16;

/** Lays a chart out from left to right. Loaded when the first graph is requested: most servers never draw one. */
export async function layoutOf(chart: Chart): Promise<Layout> {
  const { Graph, layout } = await import("@dagrejs/dagre");
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 24, ranksep: 40, marginx: margin, marginy: margin });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of chart.nodes) graph.setNode(node.id, { width: widthOf(node), height });
  for (const { from, to } of chart.edges) graph.setEdge(from, to, {});
  layout(graph);
  const size = graph.graph() as { width?: number; height?: number };
  return {
    nodes: chart.nodes.map((node) => {
      const place = graph.node(node.id) as { x: number; y: number; width: number; height: number };
      return {
        ...node,
        x: Math.round(place.x - place.width / 2),
        y: Math.round(place.y - place.height / 2),
        width: place.width,
        height: place.height,
      };
    }),
    edges: chart.edges.map((edge) => {
      const { points = [] } = graph.edge(edge.from, edge.to) as { points?: { x: number; y: number }[] };
      return { ...edge, points: points.map(({ x, y }) => ({ x: Math.round(x), y: Math.round(y) })) };
    }),
    width: Math.ceil(size.width ?? 0),
    height: Math.ceil(size.height ?? 0),
  };
}

function widthOf({ label, kind }: ChartNode): number {
  if (kind === "end") return 56;
  return Math.round(Math.min(widthMax, Math.max(widthMin, label.length * characterWidth + padding)));
}
