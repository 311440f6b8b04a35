/** What code can ask its context for, as runs record it. */
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
  | "pivot";

/** What a workflow's code may do, in the order of the code. Plain code between the asks is left out. */
export interface Outline {
  readonly items: readonly Item[];
  /** What could not be read, in words. */
  readonly gaps: readonly string[];
  /** The code itself. */
  readonly source: string;
}

export type Item = OperationNode | Fork | Loop | Together | Attempt | Inlined | Leave;

/** Something that runs record. */
export interface OperationNode {
  readonly is: "operation";
  readonly kind: OperationKind;
  readonly label: string;
  /** The name under which runs record it; null: it is made at run time. */
  readonly step: string | null;
  /** Its options as they are written. */
  readonly options: string | null;
  readonly hasUndo: boolean;
}

/** `if`, `switch`, `?:` and their like. */
export interface Fork {
  readonly is: "fork";
  /** The condition as it is written. */
  readonly label: string;
  readonly arms: readonly Arm[];
  /** Without an arm that is always taken the code may also go past all of them. */
  readonly isTotal: boolean;
}

export interface Arm {
  readonly label: string | null;
  readonly items: readonly Item[];
}

export interface Loop {
  readonly is: "loop";
  /** What it goes over, or while what. */
  readonly label: string;
  readonly items: readonly Item[];
  /** It is left from inside alone. */
  readonly isEndless: boolean;
}

/** Arms that are under way at the same time. Of a race the first to settle wins, and the race is recorded. */
export interface Together {
  readonly is: "together";
  readonly isRace: boolean;
  readonly arms: readonly Arm[];
}

/** Code whose failure other code takes up. */
export interface Attempt {
  readonly is: "attempt";
  readonly items: readonly Item[];
  readonly handler: readonly Item[];
}

/** A function that is given the context: a return inside leaves it alone. */
export interface Inlined {
  readonly is: "inlined";
  readonly items: readonly Item[];
}

export interface Leave {
  readonly is: "leave";
  readonly how: "return" | "throw" | "break" | "continue" | "anew";
}

/** All asks, those inside of others too, in the order of the code. */
export function operationsOf(items: readonly Item[]): readonly OperationNode[] {
  return items.flatMap(asksIn);
}

function asksIn(item: Item): readonly OperationNode[] {
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

/** How many results each run records; null where that depends on the run. */
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
