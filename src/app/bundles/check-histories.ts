import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Handler } from "../../kernel/engine/handler.ts";
import { type Rehearsed, rehearseRuns, unfinished } from "../../kernel/engine/rehearsals.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { workflowHandler } from "../../workflows/handler.ts";
import type { Definition } from "../config.ts";
import { type EffectiveConfig, storePath } from "../load-config.ts";
import { DefinitionSet, type LoadedDefinitions } from "../load-definitions.ts";
import { systemClock } from "../platform.ts";
import { openReadOnlyStore } from "../read-only-store.ts";
import { within } from "../surroundings.ts";

/** Definitions as they lie in the folder now, bundled and loaded apart from any store. */
export async function loadFolder(config: EffectiveConfig): Promise<LoadedDefinitions> {
  const folder = mkdtempSync(join(tmpdir(), "baton-bundles-"));
  try {
    return (await DefinitionSet.load(config, folder)).loaded;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface CheckOptions {
  /** Completed runs of each definition that are rehearsed besides all that have not come to their end. */
  readonly last: number;
  readonly name: string | null;
}

/**
 * Rehearses recorded histories over the code of the folder. Reads the store's file beside whoever works on it; no step
 * runs and nothing is written.
 */
export async function* checkHistories(
  config: EffectiveConfig,
  definitions: readonly Definition[],
  { last, name }: CheckOptions,
): AsyncGenerator<Rehearsed> {
  const store = openReadOnlyStore(storePath(config));
  const parts = { clock: keepAlive(systemClock), within: rehearsed };
  try {
    for (const definition of newestOf(definitions, name)) {
      const handler = handlerOf(definition);
      yield* rehearseRuns(store, handler, { statuses: unfinished }, parts);
      if (last > 0) yield* rehearseRuns(store, handler, { statuses: ["completed"], last }, parts);
    }
  } finally {
    await store.close();
  }
}

const rehearsed: Parameters<typeof rehearseRuns>[3]["within"] = (run, step, attempt, work) =>
  within({ run, step, attempt }, work);

/** Baton's own timers keep no process alive; here nothing else does. */
function keepAlive(clock: typeof systemClock): typeof systemClock {
  return {
    ...clock,
    after: (ms, call) => {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
  };
}

/** Of two numbers that an author gave one name, new runs get the greater one. */
function newestOf(definitions: readonly Definition[], name: string | null): readonly Definition[] {
  const wanted = definitions.filter((each) => name === null || each.name === name);
  if (name !== null && wanted.length === 0) {
    throw new BatonError("unknown-definition", `the folder has no definition named ${JSON.stringify(name)}`, {
      hint: `it has ${definitions.map((each) => each.name).join(", ") || "none"}`,
    });
  }
  return [...Map.groupBy(wanted, (each) => `${each.kind} ${each.name}`).values()].flatMap((same) =>
    same.toSorted((a, b) => b.version - a.version).slice(0, 1),
  );
}

/** Nothing of a rehearsal comes as far as starting a child. */
function handlerOf(definition: Definition): Handler {
  return workflowHandler(definition, {
    stepAround: () => null,
    prepareChild: () => Promise.reject(new Error("a rehearsal starts nothing")),
  });
}
