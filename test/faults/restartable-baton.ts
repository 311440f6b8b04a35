/** A Baton that a test kills and restarts, on its own store and port. */
import { join } from "node:path";
import { launchBaton, whenServing } from "../../examples/customer-onboarding/processes/baton.ts";
import type { Child } from "../../examples/customer-onboarding/processes/child.ts";

/** A Baton that is killed and restarted. */
export interface RestartableBaton {
  /** Its address, or null while it is down or starting. */
  url(): string | null;
  /** Starts it without waiting: a kill may hit it while it starts. */
  launch(): void;
  /** Resolves when the latest process serves; rejects when it exits first. */
  serving(): Promise<void>;
  /** Kills it with SIGKILL and waits until it has exited. */
  kill(): Promise<void>;
  /** Resolves when the latest process has exited. */
  gone(): Promise<void>;
  end(): Promise<void>;
}

/** What to run, and until when. */
export interface RestartableOptions {
  readonly dataDir: string;
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Longer than Baton's own grace period at shutdown. */
const END_GRACE_MS = 15_000;

/** Prepares a Baton under `dataDir`; nothing runs before `launch`. */
export function openRestartableBaton({ dataDir, config, env, signal, log }: RestartableOptions): RestartableBaton {
  const storeFile = join(dataDir, "baton.db");
  let child: Child | null = null;
  let url: string | null = null;
  let isEnding = false;
  let serving: Promise<void> = Promise.reject(new Error("Baton was not launched"));
  serving.catch(() => {});

  const launch = (): void => {
    const launched = launchBaton({
      config,
      storeFile,
      env: { ...env, BATON_PORT: "0" },
      // Its output during a graceful shutdown is meant for a terminal.
      onErrorLine: (line) => (isEnding ? undefined : log(`baton ${launched.pid}: ${line}`)),
    });
    child = launched;
    url = null;
    serving = whenServing(launched, storeFile, signal).then((found) => {
      if (child === launched) url = found;
    });
    // There may be no caller waiting: the plan may be to kill it first.
    serving.catch(() => {});
    void launched.exited.then(() => {
      if (child === launched) url = null;
    });
  };
  return {
    url: () => url,
    launch,
    serving: () => serving,
    kill: async () => {
      url = null;
      child?.kill("SIGKILL");
      await child?.exited;
    },
    gone: async () => void (await child?.exited),
    end: async () => {
      isEnding = true;
      await child?.end(END_GRACE_MS);
    },
  };
}
