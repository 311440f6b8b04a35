import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Engine } from "../../kernel/engine/engine.ts";
import { type Rehearsed, rehearseRuns, unfinished } from "../../kernel/engine/rehearsals.ts";
import { BatonError } from "../../kernel/model/errors.ts";
import { workflowHandler } from "../../workflows/handler.ts";
import { createCipher, readSensitiveKeys } from "../cipher.ts";
import type { Definition } from "../config.ts";
import { within } from "../current-run.ts";
import { type EffectiveConfig, localStorePath, storeOf } from "../load-config.ts";
import { DefinitionSet, type LoadedDefinitions } from "../load-definitions.ts";
import { openToRead } from "../open-store.ts";
import { LocalNotifier, silentLogger, systemClock, systemRandom } from "../platform.ts";

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
  const { store } = await openToRead(storeOf(config), new LocalNotifier());
  const clock = keepAlive(systemClock);
  const cipher = createCipher(readSensitiveKeys(config.given.sensitiveKey, localStorePath(config)));
  const parts = { clock, cipher, within: rehearsed };
  // Never started: it leases nothing, and no rehearsal comes as far as asking anything of it.
  const engine = new Engine({
    store,
    clock,
    random: systemRandom,
    notifier: new LocalNotifier(),
    logger: silentLogger,
    name: "rehearsal",
  });
  try {
    for (const definition of newestOf(definitions, name)) {
      const handler = workflowHandler(definition, engine);
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
      hint: `found: ${definitions.map((each) => each.name).join(", ") || "none"}`,
    });
  }
  return [...Map.groupBy(wanted, (each) => `${each.kind} ${each.name}`).values()].flatMap((same) =>
    same.toSorted((a, b) => b.version - a.version).slice(0, 1),
  );
}
