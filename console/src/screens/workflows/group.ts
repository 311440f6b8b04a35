import type { DefinitionView } from "@wire/definition.ts";
import type { HourCount } from "@wire/run.ts";

/** All versions of one name, newest first. */
export interface Workflow {
  readonly name: string;
  readonly versions: readonly DefinitionView[];
  /** The version for new runs; null: all versions are drained. */
  readonly used: DefinitionView | null;
  readonly triggers: readonly string[];
}

export function groupByName(items: readonly DefinitionView[]): readonly Workflow[] {
  return [...Map.groupBy(items, ({ name }) => name)].map(([name, versions]) => {
    const used = versions.find((version) => version.isUsed) ?? null;
    return { name, versions, used, triggers: (used ?? versions[0])?.triggers ?? [] };
  });
}

export interface Success {
  readonly completed: number;
  readonly ended: number;
}

/** Completed and ended runs by workflow name. Cancelled runs are not counted. */
export function successOf(hours: readonly HourCount[]): ReadonlyMap<string, Success> {
  const all = new Map<string, Success>();
  for (const { name, status, count } of hours) {
    if (status !== "completed" && status !== "failed") continue;
    const { completed, ended } = all.get(name) ?? { completed: 0, ended: 0 };
    all.set(name, { completed: completed + (status === "completed" ? count : 0), ended: ended + count });
  }
  return all;
}

/** A whole percentage, but never 100% if a run failed, and never 0% if one was completed. */
export function shareText({ completed, ended }: Success): string {
  if (completed === ended) return "100%";
  if (completed === 0) return "0%";
  return `${Math.min(99, Math.max(1, Math.round((completed / ended) * 100)))}%`;
}
