import type { StepKind } from "./step.ts";

export const graphNodeKinds = ["start", "end", "branch", "loop", "parallel"] as const;
export type GraphNodeKind = StepKind | (typeof graphNodeKinds)[number];

/** What the code of one version may do, read from its source and laid out. Units are CSS pixels. */
export interface Graph {
  readonly name: string;
  readonly version: number;
  /** In the order of the code, so that it also reads as a list. */
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly width: number;
  readonly height: number;
  /** Each run takes the same steps: no branch, no loop, no name made at run time. Null: it does not. */
  readonly stepTotal: number | null;
  /** What could not be read from the source, in words; empty: all of it was. */
  readonly gaps: readonly string[];
}

export interface GraphNode {
  readonly id: string;
  readonly kind: GraphNodeKind;
  /** The step's name, the branch's condition as it is written, or what a loop goes over. */
  readonly label: string;
  /** The name under which runs record it; null of what is no step, or has a name made at run time. */
  readonly step: string | null;
  /** Its options as they are written, such as `{ retry: { attempts: 5 }, timeout: "30s" }`. */
  readonly options: string | null;
  /** It says how to undo itself. */
  readonly hasUndo: boolean;
  /** The top left corner. */
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
  /** Of every step in either version, in the order of b, removed ones where they stood. */
  readonly steps: readonly StepChange[];
  readonly isInputChanged: boolean;
  /** Null where the source of one of them is not to be had. */
  readonly source: { readonly a: string; readonly b: string } | null;
  /** Runs in flight on a. */
  readonly inFlight: number;
}

export interface StepChange {
  readonly step: string;
  readonly change: "same" | "added" | "removed" | "moved" | "options";
  readonly before: string | null;
  readonly after: string | null;
}
