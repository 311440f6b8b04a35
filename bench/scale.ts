/**
 * `npm run scale`: shows the next bottleneck with more workers, a larger database server, or several databases.
 *
 * It simulates batches, not runs. A worker uses CPU time for each step and sends collected steps over two lanes. A
 * database uses CPU time for each batch and for each step in it. Transactions that commit at the same time share a
 * flush of the log. The default costs were measured with `npm run bench -- cost --store postgres`; each can be set by
 * an option.
 */
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    "worker-ms": { type: "string", default: "0.0254" },
    "server-ms": { type: "string", default: "0.0256" },
    "batch-ms": { type: "string", default: "0.35" },
    "flush-ms": { type: "string", default: "0.3" },
    "wal-bytes": { type: "string", default: "840" },
    "wal-mb-per-s": { type: "string", default: "400" },
  },
});
/** Costs of a step in a run of five steps, with its share of the run's start, lease and end. */
const cost = {
  workerMs: Number(values["worker-ms"]),
  serverMs: Number(values["server-ms"]),
  batchMs: Number(values["batch-ms"]),
  flushMs: Number(values["flush-ms"]),
  walBytes: Number(values["wal-bytes"]),
  walBytesPerMs: Number(values["wal-mb-per-s"]) * 1_000,
};
const lanes = 2;
const batchMax = 1_000;
const simulatedMs = 2_000;

interface Cluster {
  readonly workers: number;
  /** Per database server. */
  readonly cores: number;
  /** Databases. Runs are distributed by their id. */
  readonly shards: number;
}

interface Result {
  readonly stepsPerSecond: number;
  readonly batch: number;
  readonly limit: "workers" | "database cores" | "log";
}

/** Simulated events, ordered by time. */
class EventQueue {
  readonly #events: { at: number; run: () => void }[] = [];
  now = 0;

  after(ms: number, run: () => void): void {
    const at = this.now + ms;
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.at ?? 0) <= at) high = middle;
      else low = middle + 1;
    }
    this.#events.splice(low, 0, { at, run });
  }

  /** The list is sorted with the latest event first, so the next event is at its end. */
  run(untilMs: number): void {
    for (let next = this.#events.pop(); next !== undefined && next.at <= untilMs; next = this.#events.pop()) {
      this.now = next.at;
      next.run();
    }
  }
}

/** One server. Batches queue for its cores. Its log does one flush at a time, for all batches that are waiting. */
class Database {
  readonly #events: EventQueue;
  readonly #cores: number;
  readonly #waiting: { ms: number; done: () => void }[] = [];
  #busy = 0;
  #toFlush: { bytes: number; done: () => void }[] = [];
  #isFlushing = false;
  coreMs = 0;
  flushMs = 0;

  constructor(events: EventQueue, cores: number) {
    this.#events = events;
    this.#cores = cores;
  }

  commit(steps: number, done: () => void): void {
    this.#waiting.push({ ms: cost.batchMs + steps * cost.serverMs, done: () => this.#flush(steps, done) });
    this.#work();
  }

  #work(): void {
    const next = this.#busy < this.#cores ? this.#waiting.shift() : undefined;
    if (next === undefined) return;
    this.#busy += 1;
    this.coreMs += next.ms;
    this.#events.after(next.ms, () => {
      this.#busy -= 1;
      next.done();
      this.#work();
    });
  }

  #flush(steps: number, done: () => void): void {
    this.#toFlush.push({ bytes: steps * cost.walBytes, done });
    if (!this.#isFlushing) this.#flushAll();
  }

  #flushAll(): void {
    const batches = this.#toFlush;
    this.#toFlush = [];
    this.#isFlushing = batches.length > 0;
    if (batches.length === 0) return;
    const bytes = batches.reduce((sum, each) => sum + each.bytes, 0);
    const ms = cost.flushMs + bytes / cost.walBytesPerMs;
    this.flushMs += ms;
    this.#events.after(ms, () => {
      for (const { done } of batches) done();
      this.#flushAll();
    });
  }
}

function simulate({ workers, cores, shards }: Cluster): Result {
  const events = new EventQueue();
  const databases = Array.from({ length: shards }, () => new Database(events, cores));
  let steps = 0;
  let batches = 0;
  let workerMs = 0;
  for (let worker = 0; worker < workers; worker++) {
    // A worker uses one database. It has many runs, so there is always a next step.
    const database = databases[worker % shards] as Database;
    let collected = 0;
    let free = lanes;
    const send = (): void => {
      if (free === 0 || collected === 0) return;
      const size = Math.min(collected, batchMax);
      collected -= size;
      free -= 1;
      database.commit(size, () => {
        steps += size;
        batches += 1;
        free += 1;
        send();
      });
    };
    const chunk = 20;
    const work = (): void => {
      // Runs wait for their commits. A worker holds a thousand runs at once.
      const isFull = collected >= batchMax;
      if (!isFull) {
        collected += chunk;
        workerMs += chunk * cost.workerMs;
        send();
      }
      events.after(chunk * cost.workerMs, work);
    };
    events.after((worker * chunk * cost.workerMs) / workers, work);
  }
  events.run(simulatedMs);
  const shares = {
    workers: workerMs / (workers * simulatedMs),
    "database cores": sum(databases.map((each) => each.coreMs)) / (shards * cores * simulatedMs),
    log: sum(databases.map((each) => each.flushMs)) / (shards * simulatedMs),
  };
  // A log that is always flushing is not a bottleneck as long as each flush can cover more commits.
  const bandwidth = (steps * cost.walBytes) / (shards * simulatedMs * cost.walBytesPerMs);
  const limit = bandwidth > 0.8 ? "log" : shares["database cores"] > shares.workers ? "database cores" : "workers";
  return { stepsPerSecond: (steps / simulatedMs) * 1_000, batch: steps / Math.max(1, batches), limit };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

const clusters: readonly Cluster[] = [
  { workers: 1, cores: 1, shards: 1 },
  { workers: 1, cores: 8, shards: 1 },
  { workers: 10, cores: 8, shards: 1 },
  { workers: 10, cores: 32, shards: 1 },
  { workers: 100, cores: 32, shards: 1 },
  { workers: 100, cores: 64, shards: 1 },
  { workers: 100, cores: 32, shards: 4 },
  { workers: 100, cores: 32, shards: 16 },
];
console.log(
  `Cost per step: ${cost.workerMs} ms worker, ${cost.serverMs} ms database, ${cost.walBytes} bytes of log at ${cost.walBytesPerMs / 1_000} MB/s. Per batch: ${cost.batchMs} ms. Per flush: ${cost.flushMs} ms.\n`,
);
console.log("workers  databases  cores each   steps/s   steps a batch  limit");
for (const cluster of clusters) {
  const { stepsPerSecond, batch, limit } = simulate(cluster);
  console.log(
    [
      String(cluster.workers).padEnd(8),
      String(cluster.shards).padEnd(10),
      String(cluster.cores).padEnd(12),
      String(Math.round(stepsPerSecond / 100) * 100).padEnd(9),
      String(Math.round(batch)).padEnd(14),
      limit,
    ].join(" "),
  );
}
