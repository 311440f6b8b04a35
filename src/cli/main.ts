import { batonVersion } from "../app/version.ts";
import { exit } from "./exit.ts";
import { runProgram } from "./program.ts";

/** The command line. Sets the exit code; the process ends when nothing is left to do. */
export async function main(args: readonly string[]): Promise<number> {
  endWithReader();
  return runProgram(args, batonVersion());
}

/** The reader of the output may close it early, as `head` does. That is not an error, and nothing more can be printed. */
function endWithReader(): void {
  const onError = (error: Error & { code?: string }): void => {
    if (error.code !== "EPIPE") throw error;
    process.exit(exit.ok);
  };
  process.stdout.on("error", onError);
  process.stderr.on("error", onError);
}
