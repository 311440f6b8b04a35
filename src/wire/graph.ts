import type { StepKind } from "./step.ts";

export const graphNodeKinds = ["start", "end", "branch", "loop", "parallel"] as const;
export type GraphNodeKind = StepKind | (typeof graphNodeKinds)[number];

/** The graph of one version, derived from its source code and laid out. Units are CSS pixels. */
export interface Graph {
  readonly name: string;
  readonly version: number;
  /** In source order, so that the nodes can also be shown as a list. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly width: number;
  readonly height: number;
  /** Number of steps if every run takes the same ones (no branch, loop or dynamic name), otherwise null. */
  readonly stepTotal: number | null;
  /** Descriptions of what could not be read from the source. */
  readonly gaps: readonly string[];
}

export interface GraphNode {
  readonly id: string;
  readonly kind: GraphNodeKind;
  /** The step's name, the source text of a condition, or what a loop iterates over. */
  readonly label: string;
  /** The name under which runs record it; null for other nodes and for dynamic names. */
  readonly step: string | null;
  /** The source text of its options, for example `{ retry: { attempts: 5 }, timeout: "30s" }`. */
  readonly options: string | null;
  /** Whether it declares a compensation. */
  readonly hasUndo: boolean;
  /** Top left corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** `then`, `else`, `each`, `again`, or a branch of a race or a parallel part. */
  readonly label: string | null;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** `GET /api/definitions/{name}/diff?a=1&b=2`: what changed from version a to version b. */
export interface VersionDiff {
  readonly name: string;
  readonly a: number;
  readonly b: number;
  /** Every step of either version, in the order of b; removed steps keep their position. */
  readonly steps: readonly StepChange[];
  readonly isInputChanged: boolean;
  /** Null if the source of one version is unavailable. */
  readonly source: { readonly a: string; readonly b: string } | null;
  /** Open runs on version a. */
  readonly inFlight: number;
}

export interface StepChange {
  readonly step: string;
  readonly change: "same" | "added" | "removed" | "moved" | "options";
  readonly before: string | null;
  readonly after: string | null;
}
