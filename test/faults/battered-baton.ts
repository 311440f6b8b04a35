/** A Baton that a test kills and starts again, on a store and a port of its own. */
import { join } from "node:path";
import { launchBaton, whenServing } from "../../examples/customer-onboarding/processes/baton.ts";
import type { Child } from "../../examples/customer-onboarding/processes/child.ts";

/** Baton under blows. */
export interface BatteredBaton {
  /** Where it serves, or null while it is down or coming up. */
  url(): string | null;
  /** Starts it and does not wait: a kill may hit it while it comes up. */
  launch(): void;
  /** Settles when the one that was launched last serves; rejects when it ends first. */
  serving(): Promise<void>;
  /** Kills it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
  /** Settles when the one that was launched last is gone. */
  gone(): Promise<void>;
  end(): Promise<void>;
}

/** What to run, and until when. */
export interface BatteredOptions {
  readonly dataDir: string;
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Longer than Baton's own grace at shutdown. */
const END_GRACE_MS = 15_000;

/** Prepares a Baton under `dataDir`; nothing runs before `launch`. */
export function openBatteredBaton({ dataDir, config, env, signal, log }: BatteredOptions): BatteredBaton {
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
      // What it says while it ends politely is meant for a terminal.
      onErrorLine: (line) => (isEnding ? undefined : log(`baton ${launched.pid}: ${line}`)),
    });
    child = launched;
    url = null;
    serving = whenServing(launched, storeFile, signal).then((found) => {
      if (child === launched) url = found;
    });
    // Nobody may be waiting for it: the plan may be to kill it first.
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
