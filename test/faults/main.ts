/** `npm run test:faults`: the long form. `--runs`, `--kills`, `--healthy` and `--seed` change its size. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killStorm } from "./onboarding-kill.ts";
import { poisonAmongHealthy } from "./poison.ts";

/** Far above what either needs on two cores; a storm that takes longer hangs. */
const LIMIT_MS = 15 * 60_000;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "500" },
    kills: { type: "string", default: "200" },
    healthy: { type: "string", default: "500" },
    seed: { type: "string", default: "1" },
  },
});
const runs = Number(values.runs);
const kills = Number(values.kills);
const healthy = Number(values.healthy);
const seed = Number(values.seed);

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
process.exit(await main());

async function main(): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), "baton-faults-"));
  try {
    const problems = [...(await storm(dataDir)), ...(await poison(dataDir))];
    for (const problem of problems) say(`PROBLEM ${problem}`);
    if (problems.length > 0) return keep(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
    return 0;
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return keep(dataDir);
  }
}

async function storm(dataDir: string): Promise<readonly string[]> {
  const startedAt = performance.now();
  const report = await killStorm({ runs, kills, seed, ...shared(dataDir, "storm") });
  say(
    `onboarding-kill seed=${seed} runs=${runs} kills=${kills} under-way=${report.killsUnderWay} ` +
      `repeats=${report.repeats} problems=${report.problems.length} took=${secondsSince(startedAt)}`,
  );
  return report.problems;
}

async function poison(dataDir: string): Promise<readonly string[]> {
  const startedAt = performance.now();
  const report = await poisonAmongHealthy({ healthy, seed, ...shared(dataDir, "poison") });
  say(
    `poison seed=${seed} healthy=${healthy} deaths=${report.deaths} ` +
      `problems=${report.problems.length} took=${secondsSince(startedAt)}`,
  );
  return report.problems;
}

function shared(
  dataDir: string,
  name: string,
): Pick<Parameters<typeof killStorm>[0], "dataDir" | "log" | "limitMs" | "signal"> {
  const folder = join(dataDir, name);
  mkdirSync(folder);
  return { dataDir: folder, log: (line) => say(`  ${line}`), limitMs: LIMIT_MS, signal: stopping.signal };
}

/** What went wrong can be looked at: the store, the logs of the systems and the mails stay. */
function keep(dataDir: string): number {
  say(`the state is kept in ${dataDir}`);
  return 1;
}

function secondsSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)}s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
