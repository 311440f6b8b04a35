import { batonVersion } from "../app/version.ts";
import { exit } from "./exit.ts";
import { runProgram } from "./program.ts";

/** The command line. Gives the exit code; the process ends when nothing is left to do. */
export async function main(args: readonly string[]): Promise<number> {
  endWithReader();
  return runProgram(args, batonVersion());
}

/** Whoever reads the output may have seen enough, as `head` has: then nothing is wrong, and nothing is left to say. */
function endWithReader(): void {
  const onError = (error: Error & { code?: string }): void => {
    if (error.code !== "EPIPE") throw error;
    process.exit(exit.ok);
  };
  process.stdout.on("error", onError);
  process.stderr.on("error", onError);
}
