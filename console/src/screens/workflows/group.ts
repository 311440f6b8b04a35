import type { DefinitionView } from "@wire/definition.ts";
import type { HourCount } from "@wire/run.ts";

/** All versions of one name, newest first. */
export interface Workflow {
  readonly name: string;
  readonly versions: readonly DefinitionView[];
  /** The one that new starts get; null: every version is drained. */
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

/** By name, how many of the runs that came to an end were completed. Those that a person cancelled say nothing. */
export function successOf(hours: readonly HourCount[]): ReadonlyMap<string, Success> {
  const all = new Map<string, Success>();
  for (const { name, status, count } of hours) {
    if (status !== "completed" && status !== "failed") continue;
    const { completed, ended } = all.get(name) ?? { completed: 0, ended: 0 };
    all.set(name, { completed: completed + (status === "completed" ? count : 0), ended: ended + count });
  }
  return all;
}

/** Whole per cents, but never 100 % when one has failed, and never 0 % when one was completed. */
export function shareText({ completed, ended }: Success): string {
  if (completed === ended) return "100 %";
  if (completed === 0) return "0 %";
  return `${Math.min(99, Math.max(1, Math.round((completed / ended) * 100)))} %`;
}
