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

/** Loads and bundles the definitions in the folder, independently of any store. */
export async function loadFolder(config: EffectiveConfig): Promise<LoadedDefinitions> {
  const folder = mkdtempSync(join(tmpdir(), "baton-bundles-"));
  try {
    return (await DefinitionSet.load(config, folder)).loaded;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface CheckOptions {
  /** Number of completed runs per definition to rehearse, in addition to all runs that have not ended. */
  readonly last: number;
  readonly name: string | null;
}

/**
 * Rehearses recorded histories against the code in the folder. Reads the store while other processes may use it. No
 * step is executed and nothing is written.
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
  // Never started: it leases nothing, and a rehearsal never calls it.
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

/** Baton's own timers do not keep a process alive, and nothing else does here. */
function keepAlive(clock: typeof systemClock): typeof systemClock {
  return {
    ...clock,
    after: (ms, call) => {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
  };
}

/** If an author defined a name with two versions, new runs get the higher one. */
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
