import type { GraphNodeKind } from "../../wire/graph.ts";
import {
  type Arm,
  type Item,
  type OperationNode,
  type Outline,
  raceOperation,
} from "../../workflows/outline/outline.ts";

export interface ChartNode {
  readonly id: string;
  readonly kind: GraphNodeKind;
  readonly label: string;
  readonly step: string | null;
  readonly options: string | null;
  readonly hasUndo: boolean;
}

export interface ChartEdge {
  readonly from: string;
  readonly to: string;
  readonly label: string | null;
}

/** An outline as boxes and arrows, without positions. */
export interface Chart {
  readonly nodes: readonly ChartNode[];
  readonly edges: readonly ChartEdge[];
  readonly isCut: boolean;
}

/** The start of an arrow to the next box. */
interface Tail {
  readonly from: string;
  readonly label: string | null;
}

/** The arrows that leave the current part of the code. */
interface Exits {
  /** Out of the enclosing function. */
  readonly returns: Tail[];
  /** Out of the enclosing loop. */
  readonly breaks: Tail[];
  readonly continues: Tail[];
  /** To the enclosing handler, or out of the run. */
  readonly throws: Tail[];
}

/** No one reads a larger graph, and its layout would take seconds. */
const nodesMax = 300;
/** Each operation that may fail has an arrow to its handler. If there are more than this, only the last one has. */
const failsMax = 3;

export function chartOf(name: string, { items }: Outline): Chart {
  return new Drawer().draw(name, items);
}

class Drawer {
  readonly #nodes: ChartNode[] = [];
  readonly #edges = new Map<string, ChartEdge>();
  #isCut = false;

  draw(name: string, items: readonly Item[]): Chart {
    const start = this.#add({ kind: "start", label: name });
    const exits: Exits = { returns: [], breaks: [], continues: [], throws: [] };
    const tails = this.#items(items, [{ from: start, label: null }], exits);
    const end = this.#add({ kind: "end", label: "end" }, true);
    this.#join([...tails, ...exits.returns, ...exits.throws], end);
    return { nodes: this.#nodes, edges: [...this.#edges.values()], isCut: this.#isCut };
  }

  #items(items: readonly Item[], from: readonly Tail[], exits: Exits): readonly Tail[] {
    let tails = from;
    for (const item of items) {
      // Code after a return is never reached.
      if (tails.length === 0) break;
      tails = this.#item(item, tails, exits);
    }
    return tails;
  }

  #item(item: Item, tails: readonly Tail[], exits: Exits): readonly Tail[] {
    switch (item.is) {
      case "operation":
        return this.#box(askNode(item), tails);
      case "fork": {
        const node = this.#add({ kind: "branch", label: item.label });
        this.#join(tails, node);
        const past = item.isTotal ? [] : [{ label: "else", items: [] }];
        return [...item.arms.filter((arm) => arm.label !== "else" || item.isTotal), ...past].flatMap((arm) =>
          this.#arm(arm, node, exits),
        );
      }
      case "together": {
        const node = this.#add(item.isRace ? askNode(raceOperation) : { kind: "parallel", label: "all of" });
        this.#join(tails, node);
        if (item.arms.length === 0) return [{ from: node, label: null }];
        return item.arms.flatMap((arm) => this.#arm(arm, node, exits));
      }
      case "loop": {
        const node = this.#add({ kind: "loop", label: item.label });
        this.#join(tails, node);
        const inner: Exits = { ...exits, breaks: [], continues: [] };
        const body = this.#items(item.items, [{ from: node, label: "each" }], inner);
        this.#join(
          [...body, ...inner.continues].map(({ from }) => ({ from, label: "again" })),
          node,
        );
        return [...(item.isEndless ? [] : [{ from: node, label: null }]), ...inner.breaks];
      }
      case "attempt":
        return this.#attempt(item, tails, exits);
      case "inlined": {
        const inner: Exits = { ...exits, returns: [] };
        return [...this.#items(item.items, tails, inner), ...inner.returns];
      }
      case "leave":
        this.#leave(item.how, tails, exits);
        return [];
    }
  }

  #arm(arm: Arm, node: string, exits: Exits): readonly Tail[] {
    return this.#items(arm.items, [{ from: node, label: arm.label }], exits);
  }

  #attempt(item: Extract<Item, { is: "attempt" }>, tails: readonly Tail[], exits: Exits): readonly Tail[] {
    const before = this.#nodes.length;
    const inner: Exits = { ...exits, throws: [] };
    const body = this.#items(item.items, tails, inner);
    const operations = this.#nodes.slice(before).filter(({ step, kind }) => step !== null || !isShape(kind));
    const failing = operations.length > failsMax ? operations.slice(-1) : operations;
    const handler = [...failing.map(({ id }) => ({ from: id, label: "fails" })), ...inner.throws];
    if (item.handler.length === 0) return [...body, ...inner.throws];
    return [...body, ...this.#items(item.handler, handler, exits)];
  }

  #leave(how: Extract<Item, { is: "leave" }>["how"], tails: readonly Tail[], exits: Exits): void {
    if (how === "return") exits.returns.push(...tails);
    else if (how === "break") exits.breaks.push(...tails);
    else if (how === "continue") exits.continues.push(...tails);
    // A run that continues as a new one ends here, whatever encloses it.
    else exits.throws.push(...tails);
  }

  #box(node: Omit<ChartNode, "id">, tails: readonly Tail[]): readonly Tail[] {
    const id = this.#add(node);
    this.#join(tails, id);
    return [{ from: id, label: null }];
  }

  #add(node: Partial<ChartNode> & Pick<ChartNode, "kind" | "label">, isLast = false): string {
    if (this.#nodes.length >= nodesMax && !isLast) {
      this.#isCut = true;
      return this.#nodes.at(-1)?.id ?? "n0";
    }
    const id = `n${this.#nodes.length}`;
    this.#nodes.push({ step: null, options: null, hasUndo: false, ...node, id });
    return id;
  }

  /** Merges two arrows between the same boxes into one with both labels. */
  #join(tails: readonly Tail[], to: string): void {
    for (const { from, label } of tails) {
      if (from === to && this.#isCut) continue;
      const key = `${from} ${to}`;
      const before = this.#edges.get(key);
      const labels = [before?.label, label].filter((each) => each != null);
      this.#edges.set(key, { from, to, label: labels.length === 0 ? null : [...new Set(labels)].join(", ") });
    }
  }
}

function askNode({ kind, label, step, options, hasUndo }: OperationNode): Omit<ChartNode, "id"> {
  return { kind, label, step, options, hasUndo };
}

function isShape(kind: GraphNodeKind): boolean {
  return kind === "start" || kind === "end" || kind === "branch" || kind === "loop" || kind === "parallel";
}
