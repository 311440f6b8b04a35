/** Baton under a supervisor: killed by a signal, it is started again; ended by itself, it stays ended. */
import { setTimeout as delay } from "node:timers/promises";
import { type BatonOptions, launchBaton, whenServing } from "./baton.ts";
import type { Child, Exit } from "./child.ts";

/** Baton as the supervisor keeps it. */
export interface KeptBaton {
  pid(): number;
  /** Where it serves, or null while it is away. */
  url(): string | null;
  /** Settles when Baton has ended for good. */
  readonly ended: Promise<Exit>;
  stop(): Promise<void>;
}

/** How it is kept. */
export interface KeepOptions extends BatonOptions {
  /** How long a killed Baton stays away, so that one can see that it is gone; default not at all. */
  readonly restartAfterMs?: number;
}

/** Longer than Baton's own grace at shutdown (10 s), so that it ends by itself. */
const STOP_GRACE_MS = 15_000;
/** A Baton that never comes to serve is broken, and starting it for ever would hide that. */
const KILLED_UNSERVED_MAX = 3;

/** Starts Baton and returns when it serves. `onKilled` hears the pid of each one that a signal ended. */
export async function keepBaton(options: KeepOptions, onKilled: (pid: number) => void): Promise<KeptBaton> {
  const stopping = new AbortController();
  const { signal } = stopping;
  // What it says while it ends politely is meant for a terminal of its own.
  const onErrorLine = (line: string): void => (signal.aborted ? undefined : options.onErrorLine?.(line));
  const launch = (env = options.env): Child =>
    launchBaton({ ...options, ...(env === undefined ? {} : { env }), onErrorLine });
  let child = launch();
  let url: string | null = await whenServing(child, options.storeFile);
  // Whoever looks at a page of it finds it again under the same address.
  const { port } = new URL(url);

  const keep = async (): Promise<Exit> => {
    let killedUnservedCount = 0;
    for (;;) {
      const exit = await child.exited;
      killedUnservedCount = url === null ? killedUnservedCount + 1 : 0;
      url = null;
      if (signal.aborted || !wasKilled(exit) || killedUnservedCount > KILLED_UNSERVED_MAX) return exit;
      onKilled(child.pid);
      await delay(options.restartAfterMs ?? 0, undefined, { signal }).catch(() => {});
      if (signal.aborted) return exit;
      child = launch({ ...options.env, BATON_PORT: port });
      url = await whenServing(child, options.storeFile).catch(() => null);
    }
  };
  const ended = keep();

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

/** SIGINT and SIGTERM are requests to end, from whoever may ask; any other signal is a kill. */
const wasKilled = ({ signal }: Exit): boolean => signal !== null && signal !== "SIGINT" && signal !== "SIGTERM";
