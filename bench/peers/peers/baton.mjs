import { join } from "node:path";
import { openBaton, workflow } from "../../../src/index.ts";
import { measureDrain, measureFanOut, measureLatency, measureSleepers, measureWake, value200 } from "../frames.mjs";
import { watchEveryMs } from "../limits.mjs";
import { inBatches, until } from "../measure.mjs";
import { settledBytes } from "../sqlite.mjs";

/** The most that it takes in one call. */
const startsPerCall = 10_000;
/** Runs that are put in first are due at a moment when all are in; so long for 10,000 of them. */
const enqueueMs = 2_000;

async function open(given) {
  const runSteps = async (ctx, count) => {
    given.progress.step();
    for (let i = 0; i < count; i++) await ctx.step("step", () => value200);
    given.progress.end();
  };
  const definitions = {
    five: workflow({ name: "five" }, (ctx) => runSteps(ctx, 5)),
    one: workflow({ name: "one" }, (ctx) => runSteps(ctx, 1)),
    three: workflow({ name: "three" }, async (ctx) => {
      for (let i = 0; i < 3; i++) await ctx.step("step", () => i);
    }),
    fan: workflow({ name: "fan" }, async (ctx, count) => {
      await Promise.all(Array.from({ length: count }, (_, i) => ctx.step(`step ${i}`, () => i)));
    }),
    waiter: workflow({ name: "waiter" }, async (ctx, id) => {
      const event = await ctx.waitForEvent("go", { match: { id } });
      given.progress.end();
      return event?.data.id;
    }),
    sleeper: workflow({ name: "sleeper" }, (ctx) => ctx.sleep("long", "30d")),
  };
  const path = join(given.folder, "baton.db");
  given.storeBytes = async () => settledBytes(path);
  const baton = await openBaton({ store: `sqlite:${path}`, definitions: Object.values(definitions) });
  const count = async (status) =>
    (await baton.engine.store.query("counts", {})).find((row) => row.status === status)?.count ?? 0;
  const startMany = (name, runs, startOf) =>
    inBatches(runs, startsPerCall, (size, from) =>
      baton.startMany(
        definitions[name],
        Array.from({ length: size }, (_, i) => startOf(from + i)),
      ),
    );
  return { baton, definitions, count, startMany };
}

async function drain(given, name, runs, steps, unit) {
  const { count, startMany } = await open(given);
  const at = Date.now() + Math.max(1, runs / startsPerCall) * enqueueMs;
  return measureDrain(given, {
    runs,
    steps,
    unit,
    enqueue: async () => {
      await startMany(name, runs, () => ({ input: null, at }));
      if (Date.now() > at) throw new Error(`putting ${runs} runs in took longer than it may`);
    },
    begin: async () => {},
    isDone: async () => (await count("completed")) >= runs,
  });
}

/** This repository as it stands, for the same figures taken in the same way. */
export const batonSqlite = {
  name: "baton-sqlite",
  packages: ["baton"],
  durability: async () => "journal_mode=wal synchronous=FULL, as its store sets them",
  absent: {},
  workloads: {
    drain: (given) => drain(given, "five", given.sizes.drainRuns, given.sizes.drainSteps, "steps/s"),
    single: (given) => drain(given, "one", given.sizes.singleRuns, 1, "runs/s"),
    latency: async (given) => {
      const { baton, definitions } = await open(given);
      return measureLatency(given, async () => (await baton.start(definitions.three, null)).result());
    },
    "fan-out": async (given) => {
      const { baton, definitions } = await open(given);
      return measureFanOut(given, async (count) => (await baton.start(definitions.fan, count)).result());
    },
    wake: async (given) => {
      const { baton, count, startMany } = await open(given);
      return measureWake(given, {
        park: async (runs) => {
          await startMany("waiter", runs, (id) => ({ input: id }));
          await until(async () => (await count("waiting")) >= runs, watchEveryMs);
        },
        signalAll: async (runs) => {
          await Promise.all(Array.from({ length: runs }, (_, id) => baton.emit({ name: "go", data: { id } })));
        },
        isDone: async (runs) => (await count("completed")) >= runs,
      });
    },
    sleepers: async (given) => {
      const { count, startMany } = await open(given);
      return measureSleepers(given, {
        putToSleep: async (runs) => {
          await startMany("sleeper", runs, () => ({ input: null }));
          await until(async () => (await count("waiting")) >= runs, 5);
        },
      });
    },
  },
};
