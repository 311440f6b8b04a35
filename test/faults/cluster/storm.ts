/**
 * The storm over a cluster: several worker processes on one Postgres, clients that start, signal and cancel through any
 * of them, a world that their steps act on, and a nemesis that injects faults. Then all faults end, all runs end, and
 * the guarantees are checked.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { until } from "../../../examples/customer-onboarding/processes/until.ts";
import { defaults } from "../../../src/kernel/model/limits.ts";
import type { SqliteCore } from "../../../src/stores/sqlite/core.ts";
import { type OwnServer, startOwnServer } from "../../postgres/own-server.ts";
import { withinLimit } from "../limit.ts";
import { seededRandom } from "../random.ts";
import { type Clients, drawPlans, openClients } from "./clients.ts";
import { type Clock, findFaketime, openClock } from "./clock.ts";
import { copyStore } from "./copy-store.ts";
import { ledgerTable } from "./definitions.ts";
import { findProblems } from "./evidence.ts";
import { type FaultName, type FaultTarget, faults } from "./faults.ts";
import { openLine } from "./line.ts";
import { injectAll, planFaults } from "./nemesis.ts";
import { openWorkerProcess, type WorkerProcess } from "./worker-process.ts";
import { openWorld, type World } from "./world.ts";

/** Size, duration and location of the storm. */
export interface ClusterOptions {
  readonly workers: number;
  readonly runs: number;
  readonly faultCount: number;
  /** Starts and faults are spread over this time, ms. */
  readonly overMs: number;
  /** The faults to inject; those that are impossible on this machine are left out and reported. */
  readonly faults: readonly FaultName[];
  readonly seed: number;
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** The whole storm ends within this time in any case. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** What the storm did and what it found. */
export interface ClusterReport {
  readonly faultCounts: ReadonlyMap<FaultName, number>;
  readonly skipped: readonly FaultName[];
  /** Runs by their end, children included. */
  readonly ends: ReadonlyMap<string, number>;
  readonly effects: number;
  /** Effects beyond the first of their idempotency key. */
  readonly repeats: number;
  readonly unknownAnswers: number;
  readonly zombieOverlaps: number;
  readonly fullLanes: number;
  readonly endedAfterMs: number;
  readonly problems: readonly string[];
}

const schema = "baton_faults_cluster";
/** Many times what the data of a long storm needs, and still quick to fill. */
const smallDiskMegabytes = 768;
/** Longer than the longest chain of retries and takeovers after the last fault. */
const endLimitMs = 90_000;

/** Runs the storm and reports. All processes that it started have exited when it returns or throws. */
export async function stormCluster(options: ClusterOptions): Promise<ClusterReport> {
  await using stack = new AsyncDisposableStack();
  const signal = withinLimit(options.limitMs, options.signal);
  const names = options.faults.filter((name) => isPossible(name, options));
  const { target, world, clients, database } = await open(options, names, stack);
  // Separate random streams: what the clients draw must not depend on the number of faults.
  const random = seededRandom(options.seed + 1);
  for (const worker of target.workers) worker.launch();
  await until(() => target.workers.every((worker) => worker.url() !== null), { what: "all workers are open", signal });

  const working = clients.work(signal);
  working.catch(() => {});
  const plan = planFaults(random, { names, count: options.faultCount, overMs: options.overMs });
  const faultCounts = await injectAll(plan, target, { random, signal, log: options.log });
  world.calm();
  const healedAt = performance.now();
  const unanswered = await withinLimitOf(working, "some clients have no answer");
  const unfinished = unanswered === null ? await waitForEnds(database, signal) : [unanswered];
  const endedAfterMs = performance.now() - healedAt;
  if (unfinished.length === 0) await clients.resend(signal);
  const unexpectedExits = target.workers.flatMap((worker) => worker.unexpectedExits);
  const core = await copyStore(database, schema);
  const findings = findProblems({
    core,
    effects: world.effects,
    clients,
    uncertainLeases: target.uncertainLeases,
    ledger: await readLedger(database),
    leaseMs: defaults.leaseMs,
  });
  const problems = [...unfinished, ...unexpectedExits, ...findings.problems];
  if (problems.length > 0) keepState(options, { world, clients, core, problems });
  return {
    faultCounts,
    skipped: options.faults.filter((name) => !names.includes(name)),
    ends: findings.ends,
    effects: world.effects.length,
    repeats: world.effects.length - new Set(world.effects.map((effect) => effect.idempotencyKey)).size,
    unknownAnswers: clients.operations.filter(({ answer }) => answer === "info").length,
    zombieOverlaps: findings.zombieOverlaps,
    fullLanes: findings.fullLanes,
    endedAfterMs,
    problems,
  };
}

function isPossible(name: FaultName, { log }: ClusterOptions): boolean {
  const why = faults[name].probe();
  if (why !== null) log(`SKIPPED fault=${name}: ${why}`);
  return why === null;
}

interface Opened {
  readonly target: FaultTarget;
  readonly world: World;
  readonly clients: Clients;
  readonly database: string;
}

async function open(
  options: ClusterOptions,
  names: readonly FaultName[],
  stack: AsyncDisposableStack,
): Promise<Opened> {
  const { seed, dataDir } = options;
  mkdirSync(dataDir, { recursive: true });
  const server = await startOwnServer(names.includes("disk-full") ? { diskMegabytes: smallDiskMegabytes } : {});
  stack.defer(() => server.end());
  await query(server.url, `create table ${ledgerTable} (run text not null, id text not null)`);
  const world = await openWorld(seededRandom(seed + 2));
  stack.defer(() => world.close());
  const library = names.includes("clock") ? findFaketime() : null;
  const clocks = new Map<WorkerProcess, Clock>();
  const workers: WorkerProcess[] = [];
  for (let index = 0; index < options.workers; index += 1) {
    const line = await openLine(server.port);
    stack.defer(() => line.close());
    const clock = library === null ? null : openClock(library, dataDir, `${index}`);
    const store = storeAddress(server, line.port);
    const settings = { store, worldUrl: world.url };
    const worker = openWorkerProcess({ index, line, settings, logDir: dataDir, env: clock?.env ?? {} });
    stack.defer(() => worker.end());
    if (clock !== null) clocks.set(worker, clock);
    workers.push(worker);
  }
  const draw = seededRandom(seed);
  const plans = drawPlans(draw, { count: options.runs, overMs: options.overMs });
  const clients = openClients(plans, workers, draw);
  let turn: Promise<unknown> = Promise.resolve();
  const target: FaultTarget = {
    server,
    workers,
    clocks,
    leaseMs: defaults.leaseMs,
    uncertainLeases: [],
    exclusivelyOnServer: (work) => {
      const mine = turn.then(work);
      turn = mine.catch(() => {});
      return mine;
    },
  };
  return { target, world, clients, database: server.url };
}

function storeAddress(server: OwnServer, port: number): string {
  const url = new URL(server.url);
  url.port = `${port}`;
  url.searchParams.set("schema", schema);
  return url.href;
}

/** The problem to report when the work is not done long after the last fault; null when it is. */
async function withinLimitOf(work: Promise<void>, problem: string): Promise<string | null> {
  const over = new AbortController();
  const late = delay(endLimitMs, `${problem} ${endLimitMs} ms after the last fault`, { signal: over.signal });
  late.catch(() => {});
  try {
    return await Promise.race([work.then(() => null), late]);
  } finally {
    over.abort();
  }
}

/** Waits until all runs have ended; a run that has not ended within the limit is a broken guarantee. */
async function waitForEnds(database: string, signal: AbortSignal): Promise<readonly string[]> {
  const isEnded = async (): Promise<boolean> => {
    const rows = await query<{ n: number }>(database, `select count(*)::int as n from ${schema}.live`).catch(() => []);
    return rows[0]?.n === 0;
  };
  try {
    await until(isEnded, { what: "all runs have ended", limitMs: endLimitMs, everyMs: 100, signal });
    return [];
  } catch (error) {
    if (signal.aborted) throw error;
    return [`some runs have not ended ${endLimitMs} ms after the last fault`];
  }
}

async function readLedger(database: string): Promise<readonly string[]> {
  return (await query<{ run: string }>(database, `select run from ${ledgerTable}`)).map((row) => row.run);
}

async function query<Row extends object>(database: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: database });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}

/** Keeps evidence for inspection: the rows as a SQLite file, what the world saw and what clients were answered. */
function keepState(
  { dataDir, seed }: ClusterOptions,
  {
    world,
    clients,
    core,
    problems,
  }: {
    world: World;
    clients: Clients;
    core: SqliteCore;
    problems: readonly string[];
  },
): void {
  core.db.raw.prepare("vacuum into ?").run(join(dataDir, "store.db"));
  const lines = (items: readonly unknown[]): string => items.map((item) => `${JSON.stringify(item)}\n`).join("");
  writeFileSync(join(dataDir, "acts.jsonl"), lines(world.effects));
  writeFileSync(join(dataDir, "operations.jsonl"), lines(clients.operations));
  writeFileSync(join(dataDir, "problems.txt"), `seed ${seed}\n${problems.join("\n")}\n`);
}
