/**
 * A guarded process: a shell ends it when its starter has exited for any reason. Without the guard a killed test would leave
 * a Postgres behind.
 *
 * The guard reads its input. A line means that nothing is left to guard; the end of the input without a line means that the
 * starter has exited, and then the process is ended and its folder removed.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { ServerUser } from "./binaries.ts";

/** A guarded process. */
export interface Guarded {
  readonly pid: number;
  isGone(): boolean;
  /** Resolves when it has exited. */
  whenGone(): Promise<void>;
  /** From now on it does not keep its starter running. */
  unref(): void;
}

/** What to run, as which user, and the folder that is removed when the starter crashes. */
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

/** Runs a guarded command in its own session: Ctrl-C ends the tests, which then end it. */
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
