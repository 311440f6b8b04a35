/**
 * The storm over a cluster: several worker processes on one Postgres, clients that start, signal and cancel through any of
 * them, a world that their steps act on, and a nemesis. Then all faults end, everything comes to rest, and the promises are
 * checked.
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
import { type Clients, openClients, planErrands } from "./clients.ts";
import { type Clock, findFaketime, openClock } from "./clock.ts";
import { copyStore } from "./copy-store.ts";
import { ledgerTable } from "./definitions.ts";
import { findProblems } from "./evidence.ts";
import { type FaultName, faults, type Stage } from "./faults.ts";
import { openLine } from "./line.ts";
import { planBlows, strikeAll } from "./nemesis.ts";
import { openWorkerProcess, type WorkerProcess } from "./worker-process.ts";
import { openWorld, type World } from "./world.ts";

/** How large, how hard, how long, and where. */
export interface ClusterOptions {
  readonly workers: number;
  readonly runs: number;
  readonly blows: number;
  /** Starts and blows are spread over this time, ms. */
  readonly overMs: number;
  /** What is to strike; what this machine cannot do is left out and said. */
  readonly faults: readonly FaultName[];
  readonly seed: number;
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** The whole storm ends within this time, one way or the other. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
}

/** What the storm did and what it found. */
export interface ClusterReport {
  readonly blows: ReadonlyMap<FaultName, number>;
  readonly skipped: readonly FaultName[];
  /** Runs by their end, children included. */
  readonly ends: ReadonlyMap<string, number>;
  readonly acts: number;
  /** Acts beyond the first of their idempotency key. */
  readonly repeats: number;
  readonly unknownAnswers: number;
  readonly zombieOverlaps: number;
  readonly fullLanes: number;
  readonly restAfterMs: number;
  readonly problems: readonly string[];
}

const schema = "baton_faults_cluster";
/** What the data of a long storm needs, many times over; and what is quick to fill. */
const smallDiskMegabytes = 768;
/** Longer than the longest chain of retries and takeovers after the last fault. */
const restLimitMs = 90_000;

/** Runs the storm and reports. Every process that it started is gone when it returns or throws. */
export async function stormCluster(options: ClusterOptions): Promise<ClusterReport> {
  await using stack = new AsyncDisposableStack();
  const signal = withinLimit(options.limitMs, options.signal);
  const names = options.faults.filter((name) => isPossible(name, options));
  const { stage, world, clients, database } = await open(options, names, stack);
  // Two streams: what the clients draw must not depend on how many blows there are.
  const random = seededRandom(options.seed + 1);
  for (const worker of stage.workers) worker.launch();
  await until(() => stage.workers.every((worker) => worker.url() !== null), { what: "all workers are open", signal });

  const working = clients.work(signal);
  working.catch(() => {});
  const plan = planBlows(random, { names, count: options.blows, overMs: options.overMs });
  const blows = await strikeAll(plan, stage, { random, signal, log: options.log });
  world.calm();
  const healedAt = performance.now();
  const undone = await inTime(working, "some clients have no answer");
  const left = undone === null ? await rest(database, signal) : [undone];
  const restAfterMs = performance.now() - healedAt;
  if (left.length === 0) await clients.resend(signal);
  const strangeDeaths = stage.workers.flatMap((worker) => worker.strangeDeaths);
  const core = await copyStore(database, schema);
  const findings = findProblems({
    core,
    acts: world.acts,
    clients,
    doubts: stage.doubts,
    ledger: await readLedger(database),
    leaseMs: defaults.leaseMs,
  });
  const problems = [...left, ...strangeDeaths, ...findings.problems];
  if (problems.length > 0) keepState(options, { world, clients, core, problems });
  return {
    blows,
    skipped: options.faults.filter((name) => !names.includes(name)),
    ends: findings.ends,
    acts: world.acts.length,
    repeats: world.acts.length - new Set(world.acts.map((act) => act.idempotencyKey)).size,
    unknownAnswers: clients.operations.filter(({ answer }) => answer === "info").length,
    zombieOverlaps: findings.zombieOverlaps,
    fullLanes: findings.fullLanes,
    restAfterMs,
    problems,
  };
}

function isPossible(name: FaultName, { log }: ClusterOptions): boolean {
  const why = faults[name].probe();
  if (why !== null) log(`SKIPPED fault=${name} because ${why}`);
  return why === null;
}

interface Opened {
  readonly stage: Stage;
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
  const errands = planErrands(draw, { count: options.runs, overMs: options.overMs });
  const clients = openClients(errands, workers, draw);
  let turn: Promise<unknown> = Promise.resolve();
  const stage: Stage = {
    server,
    workers,
    clocks,
    leaseMs: defaults.leaseMs,
    doubts: [],
    aloneWithServer: (work) => {
      const mine = turn.then(work);
      turn = mine.catch(() => {});
      return mine;
    },
  };
  return { stage, world, clients, database: server.url };
}

function storeAddress(server: OwnServer, port: number): string {
  const url = new URL(server.url);
  url.port = `${port}`;
  url.searchParams.set("schema", schema);
  return url.href;
}

/** What to complain of when it is not done long after the last fault; null when it is. */
async function inTime(work: Promise<void>, complaint: string): Promise<string | null> {
  const over = new AbortController();
  const late = delay(restLimitMs, `${complaint} ${restLimitMs} ms after the last fault`, { signal: over.signal });
  late.catch(() => {});
  try {
    return await Promise.race([work.then(() => null), late]);
  } finally {
    over.abort();
  }
}

/** Waits until nothing is under way; what is left when the limit is over is a broken promise. */
async function rest(database: string, signal: AbortSignal): Promise<readonly string[]> {
  const look = async (): Promise<boolean> => {
    const rows = await query<{ n: number }>(database, `select count(*)::int as n from ${schema}.live`).catch(() => []);
    return rows[0]?.n === 0;
  };
  try {
    await until(look, { what: "all runs are at rest", limitMs: restLimitMs, everyMs: 100, signal });
    return [];
  } catch (error) {
    if (signal.aborted) throw error;
    return [`some runs are not at rest ${restLimitMs} ms after the last fault`];
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

/** What went wrong can be looked at: the rows as a SQLite file, what the world saw and what clients were told. */
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
  writeFileSync(join(dataDir, "acts.jsonl"), lines(world.acts));
  writeFileSync(join(dataDir, "operations.jsonl"), lines(clients.operations));
  writeFileSync(join(dataDir, "problems.txt"), `seed ${seed}\n${problems.join("\n")}\n`);
}
