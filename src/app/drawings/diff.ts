import type { StepChange } from "../../wire/graph.ts";
import { type OperationNode, type Outline, operationsOf } from "../../workflows/outline/outline.ts";

interface Named {
  readonly step: string;
  readonly options: string | null;
}

/**
 * The change of each step from one version to another, in the order of the newer one. Removed steps keep their old
 * position.
 */
export function changesOf(a: Outline, b: Outline): readonly StepChange[] {
  const [before, after] = [namedOperations(operationsOf(a.items)), namedOperations(operationsOf(b.items))];
  const kept = inOrder(before, after);
  const changes: StepChange[] = [];
  let next = 0;
  const removeUpTo = (end: number): void => {
    for (; next < end; next++) {
      const each = before[next] as Named;
      if (!after.some(({ step }) => step === each.step)) changes.push({ ...stepOf(each, null), change: "removed" });
    }
  };
  for (const each of after) {
    const at = before.findIndex(({ step }) => step === each.step);
    if (at < 0) {
      changes.push({ ...stepOf(null, each), change: "added" });
      continue;
    }
    if (kept.has(each.step)) removeUpTo(at + 1);
    const old = before[at] as Named;
    const change = !kept.has(each.step) ? "moved" : old.options === each.options ? "same" : "options";
    changes.push({ ...stepOf(old, each), change });
  }
  removeUpTo(before.length);
  return changes;
}

function stepOf(a: Named | null, b: Named | null): Omit<StepChange, "change"> {
  return { step: (b ?? a)?.step ?? "", before: a?.options ?? null, after: b?.options ?? null };
}

/** Operations with the same name are numbered, as runs number them. */
function namedOperations(operations: readonly OperationNode[]): readonly Named[] {
  const counts = new Map<string, number>();
  return operations.map(({ step, label, options }) => {
    const name = step ?? label;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return { step: count === 1 ? name : `${name}#${count}`, options };
  });
}

/** Steps of the longest common subsequence. All other steps of both versions have moved. */
function inOrder(before: readonly Named[], after: readonly Named[]): ReadonlySet<string> {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const isSame = before[i]?.step === after[j]?.step;
      (lengths[i] as number[])[j] = isSame ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const kept = new Set<string>();
  for (let i = 0, j = 0; i < before.length && j < after.length; ) {
    if (before[i]?.step === after[j]?.step) {
      kept.add(before[i]?.step ?? "");
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return kept;
}
