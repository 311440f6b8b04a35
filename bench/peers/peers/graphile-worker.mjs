import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { measureDrain, measureSleepers, sleepMs, value200 } from "../harness.mjs";
import { inBatches } from "../measure.mjs";
import { CountQuery, readDurability } from "../postgres.mjs";

const logger = new Logger(() => () => {});
const jobsPerCall = 5_000;

/** The settings of the performance page in its documentation, without and with batching. */
const plain = { concurrentJobs: 24, maxPoolSize: 25 };
const batched = { ...plain, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

async function addJobs(utils, count, spec = {}) {
  await inBatches(count, jobsPerCall, (size) =>
    utils.addJobs(Array.from({ length: size }, () => ({ identifier: "one", payload: {}, ...spec }))),
  );
}

/** @param {import("../harness.mjs").Setting} given */
async function drain(given, workload, worker, note) {
  const runs = given.sizes.singleRuns;
  const utils = await makeWorkerUtils({ connectionString: given.url, logger });
  await utils.migrate();
  const left = new CountQuery(given.url, "SELECT count(*) AS count FROM graphile_worker._private_jobs");
  let runner;
  const row = await measureDrain(given, {
    workload,
    runs,
    steps: 1,
    unit: "jobs/s",
    note,
    enqueue: () => addJobs(utils, runs),
    begin: async () => {
      const one = async () => {
        given.progress.step();
        given.progress.end();
        return value200;
      };
      runner = await run({
        noHandleSignals: true,
        taskList: { one },
        preset: { worker: { connectionString: given.url, logger, ...worker } },
      });
    },
    isDone: async () => (await left.read()) === 0,
  });
  await runner.stop();
  await utils.release();
  return row;
}

export const graphileWorker = {
  name: "graphile-worker",
  packages: ["graphile-worker"],
  durability: (given) => readDurability(given.url),
  absent: {
    drain: "a queue: jobs have no steps",
    latency: "a queue: jobs have no steps and no stored result",
    "fan-out": "a queue: jobs have no steps",
    wake: "a queue: a job cannot wait for a signal",
  },
  workloads: {
    single: async (given) => {
      const row = await drain(given, "single", plain, "24 at once");
      return [row, await drain(given, "single batched", batched, "24 at once, local queue of 500")];
    },
    sleepers: async (given) => {
      const utils = await makeWorkerUtils({ connectionString: given.url, logger });
      await utils.migrate();
      const runAt = new Date(Date.now() + sleepMs);
      return measureSleepers(given, {
        putToSleep: (count) => addJobs(utils, count, { runAt }),
        note: "jobs with a later start",
      });
    },
  },
};
