import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { OpenWorkflow } from "openworkflow";
import { BackendPostgres } from "openworkflow/postgres";
import { BackendSqlite } from "openworkflow/sqlite";
import { measureDrain, measureFanOut, measureLatency, measureSleepers, measureWake, value200 } from "../harness.mjs";
import { requestsAtOnce, watchEveryMs } from "../limits.mjs";
import { forEach, until } from "../measure.mjs";
import { CountQuery, readDurability } from "../postgres.mjs";
import { bytesAfterCheckpoint, readPragmas } from "../sqlite.mjs";

/** Its worker processes one run at a time by default. */
const concurrency = 100;

/** Sleepers that are enqueued and have not started, by their input. */
const hasBegun = new Map();
/** The SQLite backend of this process. */
let opened;

/** A store: how to open its backend, and how to count waiting runs that no worker holds. */
const stores = {
  postgres: {
    open: (given) => BackendPostgres.connect(given.url),
    durability: (given) => readDurability(given.url),
    createCounter: (given, sql) => {
      const query = new CountQuery(given.url, sql.replaceAll(/FROM (\w+)/g, "FROM openworkflow.$1"));
      return () => query.read();
    },
  },
  sqlite: {
    open: (given) => {
      opened = BackendSqlite.connect(fileOf(given));
      given.storeBytes = async () => bytesAfterCheckpoint(fileOf(given));
      return opened;
    },
    durability: async () => readPragmas(opened.db),
    createCounter: (given, sql) => {
      const database = new DatabaseSync(fileOf(given), { readOnly: true });
      const statement = database.prepare(sql);
      return async () => Number(statement.get().count);
    },
  },
};

function fileOf(given) {
  return join(given.folder, "openworkflow.db");
}

const waitingSql = "SELECT count(*) AS count FROM workflow_runs WHERE worker_id IS NULL AND started_at IS NOT NULL";

function peerOn(storeName) {
  const store = stores[storeName];

  async function open(given) {
    const backend = await store.open(given);
    const ow = new OpenWorkflow({ backend });
    const runSteps = async (stepApi, count) => {
      given.progress.step();
      for (let i = 0; i < count; i++) await stepApi.run({ name: "step" }, () => value200);
      given.progress.end();
    };
    const definitions = {
      five: ow.defineWorkflow({ name: "five" }, ({ step }) => runSteps(step, 5)),
      one: ow.defineWorkflow({ name: "one" }, ({ step }) => runSteps(step, 1)),
      three: ow.defineWorkflow({ name: "three" }, async ({ step }) => {
        for (let i = 0; i < 3; i++) await step.run({ name: "step" }, () => i);
      }),
      fan: ow.defineWorkflow({ name: "fan" }, async ({ input, step }) => {
        await Promise.all(Array.from({ length: input }, (_, i) => step.run({ name: `step ${i}` }, () => i)));
      }),
      waiter: ow.defineWorkflow({ name: "waiter" }, async ({ input, step }) => {
        const signal = await step.waitForSignal({ signal: `go:${input}` });
        given.progress.end();
        return signal?.data ?? null;
      }),
      sleeper: ow.defineWorkflow({ name: "sleeper" }, ({ input, step }) => {
        hasBegun.get(input)?.resolve();
        hasBegun.delete(input);
        return step.sleep("long", "30d");
      }),
    };
    const worker = ow.newWorker({ concurrency });
    const isDone = async (count) => (await backend.countWorkflowRuns()).completed >= count;
    const untilWaiting = async (count) => {
      const countWaiting = store.createCounter(given, waitingSql);
      await until(async () => (await countWaiting()) >= count, watchEveryMs);
    };
    return { ow, worker, definitions, isDone, untilWaiting };
  }

  async function drain(given, name, runs, steps, unit) {
    const { worker, definitions, isDone } = await open(given);
    return measureDrain(given, {
      runs,
      steps,
      unit,
      note: `concurrency ${concurrency}`,
      enqueue: () => forEach(runs, requestsAtOnce, () => definitions[name].run(null)),
      begin: () => worker.start(),
      isDone: () => isDone(runs),
    });
  }

  return {
    name: storeName === "postgres" ? "openworkflow-postgres" : "openworkflow-sqlite",
    packages: ["openworkflow"],
    durability: store.durability,
    absent: {},
    workloads: {
      drain: (given) => drain(given, "five", given.sizes.drainRuns, given.sizes.drainSteps, "steps/s"),
      single: (given) => drain(given, "one", given.sizes.singleRuns, 1, "runs/s"),
      latency: async (given) => {
        const { worker, definitions } = await open(given);
        await worker.start();
        return measureLatency(
          given,
          async () => (await definitions.three.run(null)).result(),
          "its result is polled each second",
        );
      },
      "fan-out": async (given) => {
        const { worker, definitions } = await open(given);
        await worker.start();
        return measureFanOut(given, async (count) => (await definitions.fan.run(count)).result());
      },
      wake: async (given) => {
        const { ow, worker, definitions, isDone, untilWaiting } = await open(given);
        await worker.start();
        return measureWake(given, {
          park: async (count) => {
            await forEach(count, requestsAtOnce, (i) => definitions.waiter.run(i));
            await untilWaiting(count);
          },
          signalAll: (count) => forEach(count, requestsAtOnce, (i) => ow.sendSignal({ signal: `go:${i}`, data: i })),
          isDone,
        });
      },
      sleepers: async (given) => {
        const { worker, definitions, untilWaiting } = await open(given);
        await worker.start();
        return measureSleepers(given, {
          putToSleep: async (count) => {
            // Each claim sorts all ready runs, so only few runs are kept ready.
            await forEach(count, requestsAtOnce, async (i) => {
              hasBegun.set(i, Promise.withResolvers());
              const { promise } = hasBegun.get(i);
              await definitions.sleeper.run(i);
              await promise;
            });
            await untilWaiting(count);
          },
        });
      },
    },
  };
}

export const openworkflowPostgres = peerOn("postgres");
export const openworkflowSqlite = peerOn("sqlite");
