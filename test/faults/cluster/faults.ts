/** What can be done to the cluster. Each fault says why it cannot be done here before it is counted on. */
import { statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { until } from "../../../examples/customer-onboarding/processes/until.ts";
import { whyNoMounts } from "../../disk/mounts.ts";
import type { OwnServer } from "../../postgres/own-server.ts";
import type { Random } from "../random.ts";
import { type Clock, findFaketime } from "./clock.ts";
import type { Passage } from "./line.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Names of all faults. */
export const faultNames = [
  "kill",
  "freeze",
  "terminate",
  "restart",
  "partition",
  "clock",
  "memory",
  "disk-full",
] as const;
/** One of them. */
export type FaultName = (typeof faultNames)[number];

/** A time in which a worker may have lost its lease without knowing. */
export interface Doubt {
  /** Null: any of them. */
  readonly pid: number | null;
  readonly from: number;
  readonly until: number;
}

/** What faults are done to. */
export interface Stage {
  readonly server: OwnServer;
  readonly workers: readonly WorkerProcess[];
  readonly clocks: ReadonlyMap<WorkerProcess, Clock>;
  readonly leaseMs: number;
  readonly doubts: Doubt[];
  /** Blows on the server fall one after the other. */
  aloneWithServer<T>(work: () => Promise<T>): Promise<T>;
}

/** Something that goes wrong. `strike` settles when it is over. */
export interface Fault {
  /** Why this machine cannot do it, or null. */
  probe(): string | null;
  strike(stage: Stage, random: Random): Promise<void>;
}

const quickMs = 500;
const openLimitMs = 30_000;
const jumpMaxMs = 3_600_000;

/** All faults. */
export const faults: Readonly<Record<FaultName, Fault>> = {
  kill: {
    probe: () => null,
    strike: (stage, random) =>
      onWorker(stage, random, async (worker) => {
        await worker.kill();
        await delay(random.below(quickMs));
        worker.launch();
      }),
  },
  freeze: {
    probe: () => null,
    strike: (stage, random) =>
      onWorker(stage, random, async (worker) => {
        const lengthMs = someLeases(stage, random);
        const over = doubt(stage, worker);
        worker.freeze();
        await delay(lengthMs);
        worker.thaw();
        over();
      }),
  },
  terminate: {
    probe: () => null,
    strike: async (stage) => {
      await ask(
        stage.server,
        "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() and random() < 0.5",
      );
    },
  },
  restart: {
    probe: () => null,
    strike: (stage, random) =>
      stage.aloneWithServer(async () => {
        const over = doubt(stage, null);
        await (random.below(2) === 0 ? stage.server.kill() : stage.server.stopImmediately());
        await delay(random.below(2) === 0 ? 0 : random.below(stage.leaseMs * 1.5));
        await stage.server.start();
        over();
      }),
  },
  partition: {
    probe: () => null,
    strike: (stage, random) =>
      onWorker(stage, random, async (worker) => {
        const { passage, isReset } = random.pick(partitions);
        const over = doubt(stage, worker);
        if (passage.refuses) worker.line.reset();
        worker.line.set(passage);
        await delay(someLeases(stage, random));
        if (isReset) worker.line.reset();
        worker.line.set({});
        over();
      }),
  },
  clock: {
    probe: () => (findFaketime() === null ? "libfaketime is not installed" : null),
    strike: (stage, random) =>
      onWorker(stage, random, async (worker) => {
        const clock = stage.clocks.get(worker);
        if (clock === undefined) return;
        const over = doubt(stage, worker);
        clock.set(random.below(2 * jumpMaxMs) - jumpMaxMs);
        await delay(someLeases(stage, random));
        clock.set(0);
        over();
      }),
  },
  memory: {
    probe: () => null,
    strike: (stage, random) =>
      onWorker(stage, random, async (worker) => {
        await worker.kill();
        worker.launch({ nodeArgs: ["--max-old-space-size=64"] });
        const dying = worker.dying();
        const url = await Promise.race([whenOpen(worker), dying.then(() => null)]);
        if (url !== null) {
          await fetch(url, { method: "POST", body: JSON.stringify({ what: "hog" }) }).catch(() => {});
          return dying;
        }
        // It has died of too little memory before it was asked, or the store is away for long and it cannot be asked.
        await worker.kill();
        worker.launch();
      }),
  },
  "disk-full": {
    probe: () => whyNoMounts("tmpfs"),
    strike: (stage, random) =>
      stage.aloneWithServer(async () => {
        const { server } = stage;
        const over = doubt(stage, null);
        const ballast = join(server.dataDir, "..", "ballast");
        const { bavail, bsize } = statfsSync(server.dataDir);
        fill(ballast, bavail * bsize);
        await delay(someLeases(stage, random));
        fill(ballast, 0);
        // A full disk may have ended it for good.
        await server.stopImmediately();
        await server.start();
        over();
      }),
  },
};

const partitions: readonly { passage: Partial<Passage>; isReset: boolean }[] = [
  { passage: { isThereHeld: true, isBackHeld: true }, isReset: false },
  { passage: { isThereHeld: true, isBackHeld: true }, isReset: true },
  { passage: { isBackHeld: true }, isReset: true },
  { passage: { isBackHeld: true }, isReset: false },
  { passage: { delayMs: 60 }, isReset: false },
  { passage: { refuses: true }, isReset: false },
];

function onWorker(stage: Stage, random: Random, work: (worker: WorkerProcess) => Promise<void>): Promise<void> {
  const worker = random.pick(stage.workers);
  return worker.alone(() => work(worker));
}

/** The door; null when it does not open for long. */
function whenOpen(worker: WorkerProcess): Promise<string | null> {
  return until(() => worker.url(), { what: `worker ${worker.index} is open`, limitMs: openLimitMs }).catch(() => null);
}

/** From half a lease to three of them. */
function someLeases({ leaseMs }: Stage, random: Random): number {
  return Math.floor(leaseMs * (0.5 + random.below(250) / 100));
}

/** Begins a time of doubt; it ends one lease after the returned function is called. */
function doubt(stage: Stage, worker: WorkerProcess | null): () => void {
  const from = performance.now();
  const pid = worker === null ? null : worker.pid();
  return () => void stage.doubts.push({ pid, from, until: performance.now() + stage.leaseMs });
}

function fill(path: string, bytes: number): void {
  try {
    writeFileSync(path, Buffer.alloc(bytes));
  } catch {
    // It is full: that is what was wanted.
  }
}

/** Asks the server past all lines. A server that is away has no backends to end. */
async function ask(server: OwnServer, sql: string): Promise<void> {
  const client = new Client({ connectionString: server.url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(sql);
  } catch {
    // It was away, or went away with its answer.
  } finally {
    await client.end().catch(() => {});
  }
}
