import { readFileSync } from "node:fs";
import { runProgram } from "./program.ts";

/** The command line. Gives the exit code; the process ends when nothing is left to do. */
export async function main(args: readonly string[]): Promise<number> {
  return runProgram(args, version());
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
