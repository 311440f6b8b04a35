/** A worker process under blows: started, killed, frozen and reached by its door. */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Child, type Exit, startChild } from "../../../examples/customer-onboarding/processes/child.ts";
import type { Kind, Order } from "./definitions.ts";
import type { Line } from "./line.ts";

/** What a worker process is told at its start. */
export interface WorkerSettings {
  readonly store: string;
  readonly worldUrl: string;
}

/** What can be asked of a worker by its door. */
export type WorkerCommand =
  | { readonly what: "start"; readonly kind: Kind; readonly order: Order }
  | { readonly what: "emit"; readonly order: Order }
  | { readonly what: "cancel"; readonly run: string }
  | { readonly what: "hog" };

/** One place of the crew. Whoever dies there by himself is followed by another, and his death is noted. */
export interface WorkerProcess {
  readonly index: number;
  /** What lies between it and the store. */
  readonly line: Line;
  readonly pid: () => number | null;
  /** The door; null while nobody is there. */
  readonly url: () => string | null;
  /** Deaths that no blow explains. */
  readonly strangeDeaths: readonly string[];
  launch(options?: { nodeArgs?: readonly string[]; env?: Readonly<Record<string, string>> }): void;
  /** Kills it with SIGKILL and waits until it is gone. Nobody follows before `launch`. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** The next death is expected and somebody follows; settles when it has come. */
  dying(): Promise<void>;
  /** Does the work when no other blow falls here. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Asks it politely to end. */
  end(): Promise<void>;
}

/** Where it lives, and what it is told. */
export interface WorkerProcessOptions {
  readonly index: number;
  readonly line: Line;
  readonly settings: WorkerSettings;
  readonly logDir: string;
  readonly env: Readonly<Record<string, string>>;
}

const endGraceMs = 15_000;
const followAfterMs = 300;
const lastLines = 12;

/** Prepares a place; nothing runs before `launch`. */
export function openWorkerProcess({ index, line, settings, logDir, env }: WorkerProcessOptions): WorkerProcess {
  const log = createWriteStream(join(logDir, `worker-${index}.log`));
  const strangeDeaths: string[] = [];
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
      log.write(`${launched.pid} is gone: ${exit.signal ?? exit.code}\n`);
      if (child !== launched || isEnding) return;
      child = null;
      url = null;
      if (!isExpected) strangeDeaths.push(describeDeath(index, exit, lines));
      void delay(followAfterMs).then(() => {
        if (child === null && !isEnding && !isKilled) launch();
      });
    });
  };
  return {
    index,
    line,
    pid: () => child?.pid ?? null,
    url: () => url,
    strangeDeaths,
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
    dying: async () => {
      isExpected = true;
      await child?.exited;
    },
    alone: (work) => {
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

function describeDeath(index: number, exit: Exit, lines: readonly string[]): string {
  return `worker ${index} died by itself (${exit.signal ?? exit.code}): ${lines.join(" | ")}`;
}
