/**
 * A child process that cannot be forgotten: whatever way this process ends by itself, its children end with it.
 *
 * Every child is on one list until it has exited; what is still on it when this process exits is killed by its pid.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a child ended: with a code, or killed by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running child. */
export interface Child {
  readonly pid: number;
  /** Settles when the child has ended; never rejects. */
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** Asks politely with SIGTERM, and insists after `graceMs`. */
  end(graceMs: number): Promise<Exit>;
}

/** What to run, and who hears what it prints. */
export interface ChildOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
  readonly onErrorLine?: (line: string) => void;
}

const living = new Set<ChildProcess>();

process.once("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/** Starts Node with these arguments. The child's stdin is a pipe that closes when this process is gone. */
export function startChild({ args, env, cwd, onLine, onErrorLine }: ChildOptions): Child {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${process.execPath} ${args.join(" ")}`);
  living.add(child);
  hear(child.stdout, onLine);
  hear(child.stderr, onErrorLine);
  const exited = new Promise<Exit>((resolve) => {
    child.once("exit", (code, signal) => {
      living.delete(child);
      resolve({ code, signal });
    });
  });
  return { pid, exited, kill: (signal) => void child.kill(signal), end: (graceMs) => end(child, exited, graceMs) };
}

function hear(stream: NodeJS.ReadableStream, listener: ((line: string) => void) | undefined): void {
  // Read it even when nobody listens: a full pipe would stop the child.
  if (listener === undefined) stream.resume();
  else createInterface({ input: stream }).on("line", listener);
}

async function end(child: ChildProcess, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
  child.kill("SIGTERM");
  const insist = setTimeout(() => child.kill("SIGKILL"), graceMs);
  const exit = await exited;
  clearTimeout(insist);
  return exit;
}
