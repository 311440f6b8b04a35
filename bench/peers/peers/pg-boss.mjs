import { PgBoss } from "pg-boss";
import { measureDrain, measureSleepers, sleepMs, value200 } from "../harness.mjs";
import { inBatches } from "../measure.mjs";
import { CountQuery, readDurability } from "../postgres.mjs";

const queue = "one";
const jobsPerCall = 5_000;
const batchSize = 100;
const localConcurrency = 4;

async function open(given) {
  const boss = new PgBoss({ connectionString: given.url });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(queue);
  return boss;
}

async function insert(boss, count, options = {}) {
  await inBatches(count, jobsPerCall, (size) =>
    boss.insert(
      queue,
      Array.from({ length: size }, () => ({ data: {}, ...options })),
    ),
  );
}

export const pgBoss = {
  name: "pg-boss",
  packages: ["pg-boss"],
  durability: (given) => readDurability(given.url),
  absent: {
    drain: "a queue: jobs have no steps, and its flows poll every 5 s for the next job",
    latency: "a queue: jobs have no steps, and workers poll every 0.5 s or less often",
    "fan-out": "a queue: jobs have no steps",
    wake: "a queue: a job cannot wait for a signal",
  },
  workloads: {
    single: async (given) => {
      const runs = given.sizes.singleRuns;
      const boss = await open(given);
      const done = new CountQuery(given.url, "SELECT count(*) AS count FROM pgboss.job WHERE state = 'completed'");
      return measureDrain(given, {
        runs,
        steps: 1,
        unit: "jobs/s",
        note: `${localConcurrency} workers, batches of ${batchSize}, burst while full`,
        enqueue: () => insert(boss, runs),
        begin: async () => {
          const options = { batchSize, localConcurrency, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
          await boss.work(queue, options, async (jobs) => {
            given.progress.step();
            for (const _ of jobs) given.progress.end();
            return { value: value200 };
          });
        },
        isDone: async () => (await done.read()) >= runs,
      });
    },
    sleepers: async (given) => {
      const boss = await open(given);
      const startAfter = new Date(Date.now() + sleepMs);
      return measureSleepers(given, {
        putToSleep: (count) => insert(boss, count, { startAfter }),
        note: "jobs with a later start",
      });
    },
  },
};
