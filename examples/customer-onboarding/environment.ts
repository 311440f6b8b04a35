/** The environment that `npm start` sets up: the five systems, and Baton under a supervisor. */
import { join } from "node:path";
import { makeWorkingCopy } from "./guide/working-copy.ts";
import { type SupervisedBaton, type SupervisorOptions, superviseBaton } from "./processes/supervisor.ts";
import { type Systems, startSystems } from "./systems/start.ts";

export interface EnvironmentOptions {
  readonly storeFile: string;
  readonly systemsDir: string;
  /**
   * The folder for the working copy of the workflow, which Baton watches. Null: run the example's workflow, without the
   * guide.
   */
  readonly workflowsDir: string | null;
  /** How long a killed Baton stays down. */
  readonly restartAfterMs: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  readonly onErrorLine: (line: string) => void;
}

export interface Environment {
  readonly systems: Systems;
  readonly baton: SupervisedBaton;
  stop(): Promise<void>;
}

/**
 * Starts everything and returns when all of it accepts requests. If something cannot start, stops the rest and throws.
 */
export async function startEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const { systemsDir, restartAfterMs, say } = options;
  await using stack = new AsyncDisposableStack();
  const systems = await startSystems({ dataDir: systemsDir, log: say });
  stack.defer(() => systems.stop());
  const baton = await superviseBaton(batonOptions(options, systems), (pid) => {
    say(`Baton (pid ${pid}) was killed. It restarts in ${restartAfterMs / 1_000} s and continues its runs.`);
  });
  stack.defer(() => baton.stop());
  const opened = stack.move();
  return { systems, baton, stop: () => opened.disposeAsync() };
}

function batonOptions(
  { storeFile, workflowsDir, restartAfterMs, env, onErrorLine }: EnvironmentOptions,
  systems: Systems,
): SupervisorOptions {
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
