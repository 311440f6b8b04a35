/** The faults of the cluster. Each reports why it is impossible on this machine before it is used. */
import { statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { until } from "../../../examples/customer-onboarding/processes/until.ts";
import { whyNoMounts } from "../../disk/mounts.ts";
import type { OwnServer } from "../../postgres/own-server.ts";
import type { Random } from "../random.ts";
import { type Clock, findFaketime } from "./clock.ts";
import type { LineState } from "./line.ts";
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
/** Name of a fault. */
export type FaultName = (typeof faultNames)[number];

/** A period in which a worker may have lost its lease without noticing. */
export interface UncertainLease {
  /** Null: any worker. */
  readonly pid: number | null;
  readonly from: number;
  readonly until: number;
}

/** What the faults act on. */
export interface FaultTarget {
  readonly server: OwnServer;
  readonly workers: readonly WorkerProcess[];
  readonly clocks: ReadonlyMap<WorkerProcess, Clock>;
  readonly leaseMs: number;
  readonly uncertainLeases: UncertainLease[];
  /** Runs faults of the server one after the other. */
  exclusivelyOnServer<T>(work: () => Promise<T>): Promise<T>;
}

/** A fault. `inject` resolves when it is over. */
export interface Fault {
  /** Why this machine cannot do it, or null. */
  probe(): string | null;
  inject(target: FaultTarget, random: Random): Promise<void>;
}

const quickMs = 500;
const openLimitMs = 30_000;
const jumpMaxMs = 3_600_000;

/** All faults. */
export const faults: Readonly<Record<FaultName, Fault>> = {
  kill: {
    probe: () => null,
    inject: (target, random) =>
      onWorker(target, random, async (worker) => {
        await worker.kill();
        await delay(random.below(quickMs));
        worker.launch();
      }),
  },
  freeze: {
    probe: () => null,
    inject: (target, random) =>
      onWorker(target, random, async (worker) => {
        const lengthMs = drawDurationMs(target, random);
        const endUncertainLease = beginUncertainLease(target, worker);
        worker.freeze();
        await delay(lengthMs);
        worker.thaw();
        endUncertainLease();
      }),
  },
  terminate: {
    probe: () => null,
    inject: async (target) => {
      await queryServer(
        target.server,
        "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() and random() < 0.5",
      );
    },
  },
  restart: {
    probe: () => null,
    inject: (target, random) =>
      target.exclusivelyOnServer(async () => {
        const endUncertainLease = beginUncertainLease(target, null);
        await (random.below(2) === 0 ? target.server.kill() : target.server.stopImmediately());
        await delay(random.below(2) === 0 ? 0 : random.below(target.leaseMs * 1.5));
        await target.server.start();
        endUncertainLease();
      }),
  },
  partition: {
    probe: () => null,
    inject: (target, random) =>
      onWorker(target, random, async (worker) => {
        const { state, isReset } = random.pick(partitions);
        const endUncertainLease = beginUncertainLease(target, worker);
        if (state.refuses) worker.line.reset();
        worker.line.set(state);
        await delay(drawDurationMs(target, random));
        if (isReset) worker.line.reset();
        worker.line.set({});
        endUncertainLease();
      }),
  },
  clock: {
    probe: () => (findFaketime() === null ? "libfaketime is not installed" : null),
    inject: (target, random) =>
      onWorker(target, random, async (worker) => {
        const clock = target.clocks.get(worker);
        if (clock === undefined) return;
        const endUncertainLease = beginUncertainLease(target, worker);
        clock.set(random.below(2 * jumpMaxMs) - jumpMaxMs);
        await delay(drawDurationMs(target, random));
        clock.set(0);
        endUncertainLease();
      }),
  },
  memory: {
    probe: () => null,
    inject: (target, random) =>
      onWorker(target, random, async (worker) => {
        await worker.kill();
        worker.launch({ nodeArgs: ["--max-old-space-size=64"] });
        const exiting = worker.exiting();
        const url = await Promise.race([whenOpen(worker), exiting.then(() => null)]);
        if (url !== null) {
          await fetch(url, { method: "POST", body: JSON.stringify({ what: "hog" }) }).catch(() => {});
          return exiting;
        }
        // It crashed for lack of memory before the request, or the store is away for long and the worker cannot be
        // asked.
        await worker.kill();
        worker.launch();
      }),
  },
  "disk-full": {
    probe: () => whyNoMounts("tmpfs"),
    inject: (target, random) =>
      target.exclusivelyOnServer(async () => {
        const { server } = target;
        const endUncertainLease = beginUncertainLease(target, null);
        const ballast = join(server.dataDir, "..", "ballast");
        const { bavail, bsize } = statfsSync(server.dataDir);
        fill(ballast, bavail * bsize);
        await delay(drawDurationMs(target, random));
        fill(ballast, 0);
        // The full disk may have ended the server for good.
        await server.stopImmediately();
        await server.start();
        endUncertainLease();
      }),
  },
};

const partitions: readonly { state: Partial<LineState>; isReset: boolean }[] = [
  { state: { isRequestHeld: true, isResponseHeld: true }, isReset: false },
  { state: { isRequestHeld: true, isResponseHeld: true }, isReset: true },
  { state: { isResponseHeld: true }, isReset: true },
  { state: { isResponseHeld: true }, isReset: false },
  { state: { delayMs: 60 }, isReset: false },
  { state: { refuses: true }, isReset: false },
];

function onWorker(target: FaultTarget, random: Random, work: (worker: WorkerProcess) => Promise<void>): Promise<void> {
  const worker = random.pick(target.workers);
  return worker.exclusively(() => work(worker));
}

/** The worker's address; null when it does not open within the limit. */
function whenOpen(worker: WorkerProcess): Promise<string | null> {
  return until(() => worker.url(), { what: `worker ${worker.index} is open`, limitMs: openLimitMs }).catch(() => null);
}

/** Half a lease to three leases. */
function drawDurationMs({ leaseMs }: FaultTarget, random: Random): number {
  return Math.floor(leaseMs * (0.5 + random.below(250) / 100));
}

/** Begins a period of uncertain leases; it ends one lease after the returned function is called. */
function beginUncertainLease(target: FaultTarget, worker: WorkerProcess | null): () => void {
  const from = performance.now();
  const pid = worker === null ? null : worker.pid();
  return () => void target.uncertainLeases.push({ pid, from, until: performance.now() + target.leaseMs });
}

function fill(path: string, bytes: number): void {
  try {
    writeFileSync(path, Buffer.alloc(bytes));
  } catch {
    // It is full, as intended.
  }
}

/** Queries the server directly. A server that is down has no backends to end. */
async function queryServer(server: OwnServer, sql: string): Promise<void> {
  const client = new Client({ connectionString: server.url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query(sql);
  } catch {
    // It was down, or went down before it answered.
  } finally {
    await client.end().catch(() => {});
  }
}
