/** Supervises one system: a child process that is restarted on the same ports when it exits. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, startChild } from "../processes/child.ts";
import type { SystemName } from "./directory.ts";

/** The line that a system prints when it accepts requests. */
export interface Ready {
  readonly url: string;
  readonly smtp?: string;
}

/** A running system. */
export interface System {
  readonly name: SystemName;
  /** The folder with its state and its log. */
  readonly dataDir: string;
  readonly ready: Ready;
  pid(): number;
  /** Kills it at once, as a crash would. */
  kill(): void;
  /** Settles when it accepts requests again after its next exit. */
  nextRestart(): Promise<void>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly name: SystemName;
  readonly dataDir: string;
  readonly restartOnExit: boolean;
  readonly onRestart: () => void;
  readonly log: (line: string) => void;
}

/** As with a real supervisor, clients see a closed port for a short time. */
const RESTART_AFTER_MS = 300;
const STOP_GRACE_MS = 2_000;

/** Starts the system and returns when it accepts requests. Throws if it exits before that. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { name, dataDir } = options;
  const stopping = new AbortController();
  let child = launch(options, []);
  const ready = await whenReady(name, child);
  let restarted = Promise.withResolvers<void>();

  const restart = async (): Promise<void> => {
    child = launch(options, samePorts(ready));
    await whenReady(name, child);
    options.onRestart();
    restarted.resolve();
    restarted = Promise.withResolvers();
  };
  const supervise = async (): Promise<void> => {
    for (;;) {
      await child.process.exited;
      if (stopping.signal.aborted) return;
      options.log(`${name} (pid ${child.process.pid}) exited and is restarting`);
      await delay(RESTART_AFTER_MS, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      await restart().catch((error: unknown) => options.log(String(error)));
    }
  };
  const supervision = options.restartOnExit ? supervise() : child.process.exited;

  return {
    name,
    dataDir,
    ready,
    pid: () => child.process.pid,
    kill: () => child.process.kill("SIGKILL"),
    nextRestart: () => restarted.promise,
    stop: async () => {
      stopping.abort();
      await child.process.end(STOP_GRACE_MS);
      await supervision;
    },
  };
}

interface Launched {
  readonly process: Child;
  readonly firstLine: Promise<string>;
}

function launch({ name, dataDir, log }: SystemOptions, ports: readonly string[]): Launched {
  const { promise: firstLine, resolve } = Promise.withResolvers<string>();
  const process = startChild({
    args: [join(import.meta.dirname, `${name}.ts`), "--data", dataDir, "--attached", ...ports],
    onLine: resolve,
    onErrorLine: (line) => log(`${name}: ${line}`),
  });
  return { process, firstLine };
}

async function whenReady(name: SystemName, { process, firstLine }: Launched): Promise<Ready> {
  const line = await Promise.race([firstLine, process.exited]);
  if (typeof line !== "string")
    throw new Error(`${name} exited before it was ready (${line.signal ?? `code ${line.code}`})`);
  return JSON.parse(line) as Ready;
}

function samePorts({ url, smtp }: Ready): string[] {
  const port = ["--port", new URL(url).port];
  return smtp === undefined ? port : [...port, "--smtp-port", new URL(smtp).port];
}
