/** One system as its supervisor sees it: a child process that is started again, on the same ports, when it dies. */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, startChild } from "../processes/child.ts";
import type { SystemName } from "./directory.ts";

/** What a system says of itself when it serves. */
export interface Ready {
  readonly url: string;
  readonly smtp?: string;
}

/** A running system. */
export interface System {
  readonly name: SystemName;
  /** Where it keeps its state and its log. */
  readonly dataDir: string;
  readonly ready: Ready;
  pid(): number;
  /** Kills it at once, as a crash would. */
  kill(): void;
  /** Settles when it serves again after its next death. */
  nextRestart(): Promise<void>;
  stop(): Promise<void>;
}

/** What the supervisor of one system needs to know. */
export interface SystemOptions {
  readonly name: SystemName;
  readonly dataDir: string;
  readonly restartOnDeath: boolean;
  readonly onRestart: () => void;
  readonly log: (line: string) => void;
}

/** A supervisor takes a moment to notice; a client sees a closed port in between. */
const RESTART_AFTER_MS = 300;
const STOP_GRACE_MS = 2_000;

/** Starts the system and returns when it serves; throws when it ends before that. */
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
      options.log(`${name} (pid ${child.process.pid}) died; starting it again`);
      await delay(RESTART_AFTER_MS, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      await restart().catch((error: unknown) => options.log(String(error)));
    }
  };
  const supervision = options.restartOnDeath ? supervise() : child.process.exited;

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
    throw new Error(`${name} ended before it was ready (${line.signal ?? `code ${line.code}`})`);
  return JSON.parse(line) as Ready;
}

function samePorts({ url, smtp }: Ready): string[] {
  const port = ["--port", new URL(url).port];
  return smtp === undefined ? port : [...port, "--smtp-port", new URL(smtp).port];
}
