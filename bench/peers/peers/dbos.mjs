import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import {
  measureDrain,
  measureFanOut,
  measureLatency,
  measureSleepers,
  measureWake,
  sleepMs,
  value200,
} from "../harness.mjs";
import { requestsAtOnce, watchEveryMs } from "../limits.mjs";
import { forEach, inBatches, until } from "../measure.mjs";
import { CountQuery, readDurability } from "../postgres.mjs";

const appName = "peers";
const queueName = "peers";
/** Runs that are enqueued per transaction, which is the fastest way its client offers. */
const enqueueBatch = 1_000;

/** @type {import("../harness.mjs").Setting} */
let setting;

const step = (name, value) => DBOS.runStep(async () => value, { name });

async function runSteps(count) {
  setting.progress.step();
  for (let i = 0; i < count; i++) await step("step", value200);
  setting.progress.end();
}
DBOS.registerWorkflow(() => runSteps(5), { name: "five" });
DBOS.registerWorkflow(() => runSteps(1), { name: "one" });
const three = DBOS.registerWorkflow(
  async () => {
    for (let i = 0; i < 3; i++) await step("step", i);
  },
  { name: "three" },
);
const fan = DBOS.registerWorkflow(
  async (count) => {
    await Promise.all(Array.from({ length: count }, (_, i) => step(`step ${i}`, i)));
  },
  { name: "fan" },
);
const waiter = DBOS.registerWorkflow(
  async () => {
    const id = await DBOS.recv("go", { timeoutSeconds: 3_600 });
    setting.progress.end();
    return id;
  },
  { name: "waiter" },
);
const sleeper = DBOS.registerWorkflow(() => DBOS.sleep(sleepMs), { name: "sleeper" });

async function launch(given) {
  setting = given;
  DBOS.setConfig({ name: appName, systemDatabaseUrl: setting.url, logLevel: "error" });
  await DBOS.launch();
}

/** Returns a function that checks whether `count` runs have completed. */
function whenDone(count) {
  const query = new CountQuery(
    setting.url,
    "SELECT count(*) AS count FROM dbos.workflow_status WHERE status = 'SUCCESS'",
  );
  return async () => (await query.read()) >= count;
}

/** Waits until `count` timers are recorded. A wait with a timeout has a timer too. */
async function untilTimers(count) {
  const query = new CountQuery(
    setting.url,
    "SELECT count(*) AS count FROM dbos.operation_outputs WHERE function_name = 'DBOS.sleep'",
  );
  await until(async () => (await query.read()) >= count, watchEveryMs);
}

async function enqueue(workflowName, count) {
  const client = await DBOSClient.create({ systemDatabaseUrl: setting.url, applicationName: appName });
  const connection = new pg.Client({ connectionString: setting.url });
  await connection.connect();
  await inBatches(count, enqueueBatch, async (size) => {
    await connection.query("BEGIN");
    for (let i = 0; i < size; i++) await client.enqueueInTransaction(connection, { queueName, workflowName });
    await connection.query("COMMIT");
  });
  await connection.end();
  await client.destroy();
}

async function drain(given, workflowName, runs, steps, unit) {
  await launch(given);
  return measureDrain(setting, {
    runs,
    steps,
    unit,
    enqueue: () => enqueue(workflowName, runs),
    // The queue is not processed before it is registered.
    begin: async () => {
      await DBOS.registerQueue(queueName);
    },
    isDone: whenDone(runs),
  });
}

export const dbos = {
  name: "dbos",
  packages: ["@dbos-inc/dbos-sdk"],
  durability: (given) => readDurability(given.url),
  absent: {},
  workloads: {
    drain: (given) => drain(given, "five", given.sizes.drainRuns, given.sizes.drainSteps, "steps/s"),
    single: (given) => drain(given, "one", given.sizes.singleRuns, 1, "runs/s"),
    latency: async (given) => {
      await launch(given);
      return measureLatency(given, async () => (await DBOS.startWorkflow(three)()).getResult());
    },
    "fan-out": async (given) => {
      await launch(given);
      return measureFanOut(given, async (count) => (await DBOS.startWorkflow(fan)(count)).getResult());
    },
    wake: async (given) => {
      await launch(given);
      const idOf = (i) => `wake-${i}`;
      return measureWake(given, {
        park: async (count) => {
          await forEach(count, requestsAtOnce, (i) => DBOS.startWorkflow(waiter, { workflowID: idOf(i) })());
          await untilTimers(count);
        },
        signalAll: (count) => forEach(count, requestsAtOnce, (i) => DBOS.send(idOf(i), i, "go")),
        isDone: whenDone(given.sizes.wakeRuns),
      });
    },
    sleepers: async (given) => {
      await launch(given);
      return measureSleepers(given, {
        putToSleep: async (count) => {
          await forEach(count, requestsAtOnce, () => DBOS.startWorkflow(sleeper)());
          await untilTimers(count);
        },
        note: "each held in memory",
      });
    },
  },
};
