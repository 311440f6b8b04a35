/** Starts child processes that end with this process: children that are still running when it exits are killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a child exited: with a code, or killed by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running child. */
export interface Child {
  readonly pid: number;
  /** Settles when the child has exited; never rejects. */
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, and SIGKILL after `graceMs`. */
  end(graceMs: number): Promise<Exit>;
}

export interface ChildOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
  readonly onErrorLine?: (line: string) => void;
}

const running = new Set<ChildProcess>();

process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts Node with these arguments. The child's stdin is a pipe that closes when this process exits. */
export function startChild({ args, env, cwd, onLine, onErrorLine }: ChildOptions): Child {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${process.execPath} ${args.join(" ")}`);
  running.add(child);
  readLines(child.stdout, onLine);
  readLines(child.stderr, onErrorLine);
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  return { pid, exited, kill: (signal) => void child.kill(signal), end: (graceMs) => end(child, exited, graceMs) };
}

function readLines(stream: NodeJS.ReadableStream, listener: ((line: string) => void) | undefined): void {
  // Read the stream even without a listener: a full pipe would block the child.
  if (listener === undefined) stream.resume();
  else createInterface({ input: stream }).on("line", listener);
}

async function end(child: ChildProcess, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  const exit = await exited;
  clearTimeout(timer);
  return exit;
}
