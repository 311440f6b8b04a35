/** What `npm start` sets up: the five systems, and Baton under a supervisor. */
import { join } from "node:path";
import { makeWorkingCopy } from "./guide/working-copy.ts";
import { type KeepOptions, type KeptBaton, keepBaton } from "./processes/kept-baton.ts";
import { type Systems, startSystems } from "./systems/start.ts";

/** Where everything lies and who hears of it. */
export interface StageOptions {
  readonly storeFile: string;
  readonly systemsDir: string;
  /** For the working copy of the workflow, which Baton watches, with the guide; null: the workflow as it is in the example. */
  readonly workflowsDir: string | null;
  /** How long a killed Baton stays away. */
  readonly restartAfterMs: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  readonly onErrorLine: (line: string) => void;
}

export interface Stage {
  readonly systems: Systems;
  readonly baton: KeptBaton;
  stop(): Promise<void>;
}

/** Returns when all of it serves. Throws, with nothing left running, when it cannot. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { systemsDir, restartAfterMs, say } = options;
  await using stack = new AsyncDisposableStack();
  const systems = await startSystems({ dataDir: systemsDir, log: say });
  stack.defer(() => systems.stop());
  const baton = await keepBaton(batonOptions(options, systems), (pid) => {
    say(`Baton (pid ${pid}) was killed; it starts again in ${restartAfterMs / 1_000} s, and its runs go on`);
  });
  stack.defer(() => baton.stop());
  const opened = stack.move();
  return { systems, baton, stop: () => opened.disposeAsync() };
}

function batonOptions(
  { storeFile, workflowsDir, restartAfterMs, env, onErrorLine }: StageOptions,
  systems: Systems,
): KeepOptions {
  const own = { ...env, ONBOARDING_SYSTEMS: systems.directoryFile, ONBOARDING_SUPERVISED: "1" };
  const options = { storeFile, restartAfterMs, onErrorLine };
  if (workflowsDir === null) return { ...options, config: join(import.meta.dirname, "baton.config.ts"), env: own };
  makeWorkingCopy(workflowsDir);
  return {
    ...options,
    config: join(import.meta.dirname, "guide/baton.config.ts"),
    command: "dev",
    env: { ...own, ONBOARDING_WORKFLOWS: workflowsDir },
  };
}
