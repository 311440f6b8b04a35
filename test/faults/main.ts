/**
 * `npm run test:faults`: the long form, in three parts selected by `--only storm|poison|cluster`. `--runs` and
 * `--kills` set the size of the first, `--healthy` that of the second, `--workers`, `--cluster-runs`,
 * `--cluster-minutes` and `--cluster-faults` that of the third, and `--seed` the course of all.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type FaultName, faultNames } from "./cluster/faults.ts";
import { stormCluster } from "./cluster/storm.ts";
import { killStorm } from "./onboarding-kill.ts";
import { poisonAmongHealthy } from "./poison.ts";

/** Far more than each part needs on two cores; a storm that takes longer is hanging. */
const LIMIT_MS = 15 * 60_000;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "500" },
    kills: { type: "string", default: "200" },
    healthy: { type: "string", default: "500" },
    workers: { type: "string", default: "3" },
    "cluster-runs": { type: "string", default: "2000" },
    "cluster-minutes": { type: "string", default: "10" },
    "cluster-faults": { type: "string", default: faultNames.join() },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
  },
});
const runs = Number(values.runs);
const kills = Number(values.kills);
const healthy = Number(values.healthy);
const workers = Number(values.workers);
const clusterRuns = Number(values["cluster-runs"]);
const clusterMs = Number(values["cluster-minutes"]) * 60_000;
const clusterFaults = readFaults(values["cluster-faults"]);
const seed = Number(values.seed);
/** Mean time between faults, ms. */
const faultEveryMs = 3_000;

const parts: Readonly<Record<string, (dataDir: string) => Promise<readonly string[]>>> = { storm, poison, cluster };
const chosen = values.only === undefined ? Object.keys(parts) : [values.only];
if (chosen.some((name) => !(name in parts))) throw new Error(`--only must be one of ${Object.keys(parts).join(", ")}`);

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());
process.exit(await main());

async function main(): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), "baton-faults-"));
  try {
    const problems: string[] = [];
    for (const name of chosen) problems.push(...((await parts[name]?.(dataDir)) ?? []));
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
    `onboarding-kill seed=${seed} runs=${runs} kills=${kills} kills-during-work=${report.killsDuringWork} ` +
      `repeats=${report.repeats} problems=${report.problems.length} took=${secondsSince(startedAt)}`,
  );
  return report.problems;
}

async function poison(dataDir: string): Promise<readonly string[]> {
  const startedAt = performance.now();
  const report = await poisonAmongHealthy({ healthy, seed, ...shared(dataDir, "poison") });
  say(
    `poison seed=${seed} healthy=${healthy} crashes=${report.crashes} ` +
      `problems=${report.problems.length} took=${secondsSince(startedAt)}`,
  );
  return report.problems;
}

async function cluster(dataDir: string): Promise<readonly string[]> {
  const startedAt = performance.now();
  const report = await stormCluster({
    workers,
    runs: clusterRuns,
    faultCount: Math.max(1, Math.round(clusterMs / faultEveryMs)),
    overMs: clusterMs,
    faults: clusterFaults,
    seed,
    ...shared(dataDir, "cluster"),
    limitMs: clusterMs + LIMIT_MS,
  });
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, count]) => `${name.replaceAll(" ", "-")}:${count}`).join(",");
  say(
    `cluster seed=${seed} workers=${workers} runs=${clusterRuns} faults=${list(report.faultCounts)} ` +
      `skipped=${report.skipped.join() || "none"} ends=${list(report.ends)} effects=${report.effects} ` +
      `repeats=${report.repeats} unknown-answers=${report.unknownAnswers} full-lanes=${report.fullLanes} ` +
      `zombie-overlaps=${report.zombieOverlaps} ` +
      `ended-after=${(report.endedAfterMs / 1000).toFixed(1)}s problems=${report.problems.length} took=${secondsSince(startedAt)}`,
  );
  return report.problems;
}

function readFaults(text: string): readonly FaultName[] {
  return text.split(",").map((name) => {
    const known = faultNames.find((each) => each === name);
    if (known === undefined) throw new Error(`Unknown fault ${name} in --cluster-faults. Use ${faultNames.join(", ")}`);
    return known;
  });
}

function shared(
  dataDir: string,
  name: string,
): Pick<Parameters<typeof killStorm>[0], "dataDir" | "log" | "limitMs" | "signal"> {
  const folder = join(dataDir, name);
  mkdirSync(folder);
  return { dataDir: folder, log: (line) => say(`  ${line}`), limitMs: LIMIT_MS, signal: stopping.signal };
}

/** Keeps the store, the logs of the systems and the mails for inspection. */
function keep(dataDir: string): number {
  say(`State kept in ${dataDir}`);
  return 1;
}

function secondsSince(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)}s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
