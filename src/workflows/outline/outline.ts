/** The operations that code can request from its context, as recorded by runs. */
export type OperationKind =
  | "step"
  | "once"
  | "tx"
  | "sleep"
  | "event"
  | "child"
  | "start"
  | "emit"
  | "race"
  | "attributes"
  | "pivot"
  | "cleanup";

/** What a workflow's code may do, in the order of the code. Plain code between the operations is left out. */
export interface Outline {
  readonly items: readonly Item[];
  /** Descriptions of what could not be read. */
  readonly gaps: readonly string[];
  /** The source text. */
  readonly source: string;
}

export type Item = OperationNode | Fork | Loop | Together | Attempt | Inlined | Leave;

/** An operation that runs record. */
export interface OperationNode {
  readonly is: "operation";
  readonly kind: OperationKind;
  readonly label: string;
  /** The key that runs record it under; null if it is computed at run time. */
  readonly step: string | null;
  /** Its options as written in the code. */
  readonly options: string | null;
  readonly hasUndo: boolean;
}

/** `if`, `switch`, `?:` and similar. */
export interface Fork {
  readonly is: "fork";
  /** The condition as written in the code. */
  readonly label: string;
  readonly arms: readonly Arm[];
  /** False: the code may skip all arms. */
  readonly isTotal: boolean;
}

export interface Arm {
  readonly label: string | null;
  readonly items: readonly Item[];
}

export interface Loop {
  readonly is: "loop";
  /** What it iterates over, or its condition. */
  readonly label: string;
  readonly items: readonly Item[];
  /** It only ends from inside. */
  readonly isEndless: boolean;
}

/** Arms that run at the same time. In a race the first to settle wins, and the race is recorded. */
export interface Together {
  readonly is: "together";
  readonly isRace: boolean;
  readonly arms: readonly Arm[];
}

/** Code whose failure other code handles. */
export interface Attempt {
  readonly is: "attempt";
  readonly items: readonly Item[];
  readonly handler: readonly Item[];
}

/** A function that receives the context: a return inside leaves only this function. */
export interface Inlined {
  readonly is: "inlined";
  readonly items: readonly Item[];
}

export interface Leave {
  readonly is: "leave";
  readonly how: "return" | "throw" | "break" | "continue" | "anew";
}

/** All operations, including nested ones, in the order of the code. */
export function operationsOf(items: readonly Item[]): readonly OperationNode[] {
  return items.flatMap(operationsIn);
}

function operationsIn(item: Item): readonly OperationNode[] {
  switch (item.is) {
    case "operation":
      return [item];
    case "fork":
      return item.arms.flatMap((arm) => operationsOf(arm.items));
    case "together":
      return [...(item.isRace ? [raceOperation] : []), ...item.arms.flatMap((arm) => operationsOf(arm.items))];
    case "attempt":
      return [...operationsOf(item.items), ...operationsOf(item.handler)];
    case "loop":
    case "inlined":
      return operationsOf(item.items);
    case "leave":
      return [];
  }
}

export const raceOperation: OperationNode = {
  is: "operation",
  kind: "race",
  label: "race",
  step: "race",
  options: null,
  hasUndo: false,
};

/** How many results each run records; null if that depends on the run. */
export function fixedTotal({ items, gaps }: Outline): number | null {
  return gaps.length > 0 ? null : countOf(items);
}

function countOf(items: readonly Item[]): number | null {
  let sum = 0;
  for (const item of items) {
    const count = countOfItem(item);
    if (count === null) return null;
    sum += count;
  }
  return sum;
}

function countOfItem(item: Item): number | null {
  switch (item.is) {
    case "operation":
      return item.step === null ? null : 1;
    case "together":
      return item.isRace ? null : countOf(item.arms.flatMap((arm) => arm.items));
    case "inlined":
      return countOf(item.items);
    case "attempt":
      return item.handler.length > 0 ? null : countOf(item.items);
    case "leave":
      return item.how === "anew" ? null : 0;
    case "fork":
    case "loop":
      return null;
  }
}
