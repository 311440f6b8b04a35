import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { provideChromium } from "./console/chromium.ts";
import { addressVariable, provideServer, type SharedServer } from "./postgres/server.ts";

/**
 * `npm test`: types, lint and every test, on the Node that the project installs. Further arguments replace the list of
 * test files. `BATON_CI=1` forbids skips for missing tools, and installs a missing Chromium. The tests share one
 * Postgres: the one that `BATON_TEST_POSTGRES` names, else the machine's own, else one that is started here and ended
 * with the tests.
 */
const chosen = process.argv.slice(2);
const globs = ["src/**/*.test.ts", "console/src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"];
const checks: readonly (readonly [string, readonly string[]])[] = [
  ["node_modules/.bin/tsc", ["--noEmit"]],
  ["node_modules/.bin/biome", ["check", "--error-on-warnings", "--max-diagnostics=20", "."]],
];
const tests = [
  "--conditions=source",
  "--test",
  "--test-concurrency=2",
  "--test-timeout=240000",
  ...(chosen.length > 0 ? chosen : globs),
];

/** Every test file is a process that loads the same hundreds of modules: their types are stripped once and cached. */
const own = { NODE_OPTIONS: "", NODE_COMPILE_CACHE: join(import.meta.dirname, "../node_modules/.cache/baton") };

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
process.exit(await main());

async function main(): Promise<number> {
  for (const [command, args] of chosen.length > 0 ? [] : checks) {
    const code = await run(command, args);
    if (code !== 0) return code;
  }
  if (chosen.length === 0 || chosen.some((path) => path.includes("console"))) provideChromium();
  const server = await providePostgres();
  try {
    return await run(process.execPath, tests, server === null ? {} : { [addressVariable]: server.url });
  } finally {
    await server?.end();
  }
}

/** Without a Postgres the tests that need one are skipped with a message, or fail where no test may be skipped. */
async function providePostgres(): Promise<SharedServer | null> {
  try {
    return await provideServer();
  } catch (error) {
    console.log(`No Postgres for the tests: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

async function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  if (stopping.signal.aborted) return 130;
  const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...own, ...env } });
  // A terminal sends Ctrl-C to the whole process group; a supervisor sends its signal only to this process.
  const stop = (): void => void child.kill("SIGTERM");
  stopping.signal.addEventListener("abort", stop);
  const [code] = (await once(child, "exit")) as [number | null];
  stopping.signal.removeEventListener("abort", stop);
  return code ?? 1;
}
