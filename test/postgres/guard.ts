/**
 * A process with a guard: a shell that ends it when the one that started it is gone, however that one died. Without it a
 * test that is killed would leave a Postgres behind for ever.
 *
 * The guard reads its input. A line says that nothing is left to guard; the end of the input says that nobody is there to
 * say so, and then the process is ended and its folder removed.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { ServerUser } from "./binaries.ts";

/** A process under guard. */
export interface Guarded {
  readonly pid: number;
  isGone(): boolean;
  /** Settles when it is gone. */
  whenGone(): Promise<void>;
  /** From now on it is no reason for its starter to stay. */
  unref(): void;
}

/** What to run, as whom, and what goes with it when its starter dies. */
export interface GuardedCommand {
  readonly command: readonly string[];
  readonly folder: string;
  readonly logFile: string;
  readonly user: ServerUser | null;
  readonly env?: Readonly<Record<string, string>>;
}

const script = `
exec 3<&0
"$@" </dev/null 3<&- 2>&4 4>&- >/dev/null &
guarded=$!
trap '' PIPE
exec 4>&-
echo $guarded
(
  if ! read -r _ <&3; then
    kill -QUIT $guarded 2>/dev/null
    : > "$BATON_GUARD_FOLDER/orphaned"
  fi
) >/dev/null &
exec 3<&-
wait $guarded
echo gone
wait
if [ -e "$BATON_GUARD_FOLDER/orphaned" ]; then rm -rf "$BATON_GUARD_FOLDER"; fi
`;

/** Runs a command under guard, in a session of its own: Ctrl-C ends the tests, which then end it. */
export async function runGuarded({ command, folder, logFile, user, env }: GuardedCommand): Promise<Guarded> {
  const log = openSync(logFile, "a");
  const child = spawn("/bin/sh", ["-c", script, "guard", ...command], {
    ...(user ?? {}),
    cwd: "/",
    detached: true,
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", ...env, BATON_GUARD_FOLDER: folder },
    stdio: ["pipe", "pipe", "ignore", "ignore", log],
  });
  closeSync(log);
  const { stdin, stdout } = child as unknown as { stdin: Socket; stdout: Socket };
  const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
  const { promise: pid, resolve: begin, reject } = Promise.withResolvers<number>();
  let isGone = false;
  child.on("error", reject);
  stdin.on("error", () => {});
  createInterface({ input: stdout }).on("line", (line) => {
    if (line !== "gone") return begin(Number(line));
    isGone = true;
    stdin.end("done\n");
    leave();
  });
  return {
    pid: await pid,
    isGone: () => isGone,
    whenGone: () => {
      stdout.ref();
      return gone;
    },
    unref: () => {
      child.unref();
      for (const stream of [stdin, stdout]) stream.unref();
    },
  };
}
