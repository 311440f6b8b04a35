/** A worker process that is started, killed and frozen, and reached over its HTTP endpoint. */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, type Exit, startChild } from "../../../examples/customer-onboarding/processes/child.ts";
import type { Kind, Order } from "./definitions.ts";
import type { Line } from "./line.ts";

/** What a worker process receives at its start. */
export interface WorkerSettings {
  readonly store: string;
  readonly worldUrl: string;
}

/** Requests that a worker answers at its endpoint. */
export type WorkerCommand =
  | { readonly what: "start"; readonly kind: Kind; readonly order: Order }
  | { readonly what: "emit"; readonly order: Order }
  | { readonly what: "cancel"; readonly run: string }
  | { readonly what: "hog" };

/** One worker of the cluster. A process that exits by itself is replaced, and its exit is recorded. */
export interface WorkerProcess {
  readonly index: number;
  /** The line between it and the store. */
  readonly line: Line;
  readonly pid: () => number | null;
  /** The address of its endpoint; null while no process is open. */
  readonly url: () => string | null;
  /** Exits that no fault explains. */
  readonly unexpectedExits: readonly string[];
  launch(options?: { nodeArgs?: readonly string[]; env?: Readonly<Record<string, string>> }): void;
  /** Kills it with SIGKILL and waits until it has exited. It is not replaced before `launch`. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** The next exit is expected and the process is replaced; resolves at that exit. */
  exiting(): Promise<void>;
  /** Runs the work while no other fault acts on this worker. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Ends it gracefully. */
  end(): Promise<void>;
}

/** Its place and settings. */
export interface WorkerProcessOptions {
  readonly index: number;
  readonly line: Line;
  readonly settings: WorkerSettings;
  readonly logDir: string;
  readonly env: Readonly<Record<string, string>>;
}

const endGraceMs = 15_000;
const replaceAfterMs = 300;
const lastLines = 12;

/** Prepares a worker; nothing runs before `launch`. */
export function openWorkerProcess({ index, line, settings, logDir, env }: WorkerProcessOptions): WorkerProcess {
  const log = createWriteStream(join(logDir, `worker-${index}.log`));
  const unexpectedExits: string[] = [];
  let child: Child | null = null;
  let url: string | null = null;
  let isExpected = false;
  let isKilled = false;
  let isEnding = false;
  let turn: Promise<unknown> = Promise.resolve();

  const launch: WorkerProcess["launch"] = (options = {}) => {
    const lines: string[] = [];
    url = null;
    isExpected = false;
    const launched = startChild({
      args: [
        ...(options.nodeArgs ?? []),
        "--conditions=source",
        join(import.meta.dirname, "worker.ts"),
        JSON.stringify(settings),
      ],
      env: { ...env, ...options.env, NODE_OPTIONS: "" },
      onLine: (text) => {
        if (child === launched) url = `http://127.0.0.1:${(JSON.parse(text) as { port: number }).port}`;
      },
      onErrorLine: (text) => {
        lines.push(text);
        if (lines.length > lastLines) lines.shift();
        log.write(`${launched.pid} ${text}\n`);
      },
    });
    child = launched;
    void launched.exited.then((exit) => {
      log.write(`${launched.pid} exited: ${exit.signal ?? exit.code}\n`);
      if (child !== launched || isEnding) return;
      child = null;
      url = null;
      if (!isExpected) unexpectedExits.push(describeExit(index, exit, lines));
      void delay(replaceAfterMs).then(() => {
        if (child === null && !isEnding && !isKilled) launch();
      });
    });
  };
  return {
    index,
    line,
    pid: () => child?.pid ?? null,
    url: () => url,
    unexpectedExits,
    launch: (options) => {
      isKilled = false;
      if (!isEnding) launch(options);
    },
    kill: async () => {
      isKilled = true;
      isExpected = true;
      url = null;
      child?.kill("SIGKILL");
      await child?.exited;
    },
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    exiting: async () => {
      isExpected = true;
      await child?.exited;
    },
    exclusively: (work) => {
      const mine = turn.then(work);
      turn = mine.catch(() => {});
      return mine;
    },
    end: async () => {
      isEnding = true;
      await child?.end(endGraceMs);
      log.end();
    },
  };
}

function describeExit(index: number, exit: Exit, lines: readonly string[]): string {
  return `worker ${index} exited by itself (${exit.signal ?? exit.code}): ${lines.join(" | ")}`;
}
