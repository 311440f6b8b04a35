/**
 * `npm run scale`: what the next limit is with more workers, a larger database server, or several databases.
 *
 * A simulation of batches, not of runs: workers use processor time for each step and send what has gathered over two
 * lanes; a database uses processor time for each batch and each step in it, and shares its log's flushes between those
 * who commit at the same time. The costs are what `npm run bench -- cost --store postgres` measured; each can be given.
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
/** Of a step of a run of five, with its share of the run's start, lease and end. */
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
  /** Of each database server. */
  readonly cores: number;
  /** Databases that the runs are spread over by their id. */
  readonly shards: number;
}

interface Result {
  readonly stepsPerSecond: number;
  readonly batch: number;
  readonly limit: "workers" | "database cores" | "log";
}

/** Things that happen, by their time. */
class Agenda {
  readonly #events: { at: number; act: () => void }[] = [];
  now = 0;

  after(ms: number, act: () => void): void {
    const at = this.now + ms;
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.at ?? 0) <= at) high = middle;
      else low = middle + 1;
    }
    this.#events.splice(low, 0, { at, act });
  }

  /** The latest lies first in the list, so that the next is taken from its end. */
  run(untilMs: number): void {
    for (let next = this.#events.pop(); next !== undefined && next.at <= untilMs; next = this.#events.pop()) {
      this.now = next.at;
      next.act();
    }
  }
}

/** One server: its cores are a queue, its log one flush at a time that takes all who wait. */
class Database {
  readonly #agenda: Agenda;
  readonly #cores: number;
  readonly #waiting: { ms: number; done: () => void }[] = [];
  #busy = 0;
  #toFlush: { bytes: number; done: () => void }[] = [];
  #isFlushing = false;
  coreMs = 0;
  flushMs = 0;

  constructor(agenda: Agenda, cores: number) {
    this.#agenda = agenda;
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
    this.#agenda.after(next.ms, () => {
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
    const some = this.#toFlush;
    this.#toFlush = [];
    this.#isFlushing = some.length > 0;
    if (some.length === 0) return;
    const bytes = some.reduce((sum, each) => sum + each.bytes, 0);
    const ms = cost.flushMs + bytes / cost.walBytesPerMs;
    this.flushMs += ms;
    this.#agenda.after(ms, () => {
      for (const { done } of some) done();
      this.#flushAll();
    });
  }
}

function simulate({ workers, cores, shards }: Cluster): Result {
  const agenda = new Agenda();
  const databases = Array.from({ length: shards }, () => new Database(agenda, cores));
  let steps = 0;
  let batches = 0;
  let workerMs = 0;
  for (let worker = 0; worker < workers; worker++) {
    // A worker serves one database; its runs are many, so that there is always a next step.
    const database = databases[worker % shards] as Database;
    let gathered = 0;
    let free = lanes;
    const send = (): void => {
      if (free === 0 || gathered === 0) return;
      const size = Math.min(gathered, batchMax);
      gathered -= size;
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
      // Runs wait for their commits: a worker holds a thousand at once.
      const isFull = gathered >= batchMax;
      if (!isFull) {
        gathered += chunk;
        workerMs += chunk * cost.workerMs;
        send();
      }
      agenda.after(chunk * cost.workerMs, work);
    };
    agenda.after((worker * chunk * cost.workerMs) / workers, work);
  }
  agenda.run(simulatedMs);
  const shares = {
    workers: workerMs / (workers * simulatedMs),
    "database cores": sum(databases.map((each) => each.coreMs)) / (shards * cores * simulatedMs),
    log: sum(databases.map((each) => each.flushMs)) / (shards * simulatedMs),
  };
  // A log that is always flushing is no limit as long as each flush takes more with it.
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
  `costs of a step: ${cost.workerMs} ms worker, ${cost.serverMs} ms database, ${cost.walBytes} bytes of log at ${cost.walBytesPerMs / 1_000} MB/s; ${cost.batchMs} ms a batch, ${cost.flushMs} ms a flush\n`,
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
