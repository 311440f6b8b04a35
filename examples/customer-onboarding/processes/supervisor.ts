/** Supervises Baton: restarts it after a kill by a signal, and not after an exit of its own. */
import { setTimeout as delay } from "node:timers/promises";
import { type BatonOptions, launchBaton, whenServing } from "./baton.ts";
import type { Child, Exit } from "./child.ts";

export interface SupervisedBaton {
  pid(): number;
  /** Its URL, or null while it is down. */
  url(): string | null;
  /** Settles when Baton has exited and is not restarted. */
  readonly ended: Promise<Exit>;
  stop(): Promise<void>;
}

export interface SupervisorOptions extends BatonOptions {
  /** How long a killed Baton stays down, so that users can see it; default 0. */
  readonly restartAfterMs?: number;
}

/** Longer than Baton's own shutdown grace period (10 s), so that it can exit by itself. */
const STOP_GRACE_MS = 15_000;
/** If Baton is killed this many times in a row before it accepts requests, it is broken and is not restarted. */
const FAILED_STARTS_MAX = 3;

/** Starts Baton and returns when it accepts requests. `onKilled` gets the pid of each process that a signal ended. */
export async function superviseBaton(
  options: SupervisorOptions,
  onKilled: (pid: number) => void,
): Promise<SupervisedBaton> {
  const stopping = new AbortController();
  const { signal } = stopping;
  // Its output during a shutdown is meant for its own terminal.
  const onErrorLine = (line: string): void => (signal.aborted ? undefined : options.onErrorLine?.(line));
  const launch = (env = options.env): Child =>
    launchBaton({ ...options, ...(env === undefined ? {} : { env }), onErrorLine });
  let child = launch();
  let url: string | null = await whenServing(child, options.storeFile);
  // Open pages reconnect at the same address.
  const { port } = new URL(url);

  const supervise = async (): Promise<Exit> => {
    let failedStartCount = 0;
    for (;;) {
      const exit = await child.exited;
      failedStartCount = url === null ? failedStartCount + 1 : 0;
      url = null;
      if (signal.aborted || !wasKilled(exit) || failedStartCount > FAILED_STARTS_MAX) return exit;
      onKilled(child.pid);
      await delay(options.restartAfterMs ?? 0, undefined, { signal }).catch(() => {});
      if (signal.aborted) return exit;
      child = launch({ ...options.env, BATON_PORT: port });
      url = await whenServing(child, options.storeFile).catch(() => null);
    }
  };
  const ended = supervise();

  return {
    pid: () => child.pid,
    url: () => url,
    ended,
    stop: async () => {
      stopping.abort();
      await child.end(STOP_GRACE_MS);
      await ended;
    },
  };
}

/** SIGINT and SIGTERM are requests to stop; any other signal is a kill. */
const wasKilled = ({ signal }: Exit): boolean => signal !== null && signal !== "SIGINT" && signal !== "SIGTERM";
