import { join } from "node:path";
import { openBaton, workflow } from "../../../src/index.ts";
import { openDatabase } from "../../../src/stores/sqlite/open.ts";
import { measureDrain, measureFanOut, measureLatency, measureSleepers, measureWake, value200 } from "../harness.mjs";
import { watchEveryMs } from "../limits.mjs";
import { inBatches, until } from "../measure.mjs";
import { readDurability, schemaBytes } from "../postgres.mjs";
import { bytesAfterCheckpoint, readPragmas } from "../sqlite.mjs";

/** The maximum for one call. */
const startsPerCall = 10_000;
const schema = "baton";

/**
 * A store: its address, its size on disk, and its durability. Runs that are enqueued first are due after all have been
 * enqueued, which takes at most `enqueueMs` per call of 10,000.
 */
const stores = {
  sqlite: {
    addressOf: (given) => `sqlite:${fileOf(given)}`,
    bytes: async (given) => bytesAfterCheckpoint(fileOf(given)),
    durability: async (given) => readOpened(fileOf(given)),
    enqueueMs: 2_000,
  },
  postgres: {
    addressOf: (given) => addressIn(given.url),
    bytes: (given) => schemaBytes(given.url, schema),
    durability: (given) => readDurability(given.url),
    enqueueMs: 5_000,
  },
};

function fileOf(given) {
  return join(given.folder, "baton.db");
}

function addressIn(database) {
  const url = new URL(database);
  url.searchParams.set("schema", schema);
  return url.href;
}

/**
 * Reads the settings from a second connection, opened by the same function; the store's own connection is on another
 * thread.
 */
function readOpened(path) {
  const database = openDatabase(path);
  try {
    return readPragmas(database.raw);
  } finally {
    database.close();
  }
}

/** This checkout, measured in the same way. */
function peerOn(storeName) {
  const store = stores[storeName];

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
    given.storeBytes = () => store.bytes(given);
    const baton = await openBaton({ store: store.addressOf(given), definitions: Object.values(definitions) });
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
    const at = Date.now() + Math.max(1, runs / startsPerCall) * store.enqueueMs;
    return measureDrain(given, {
      runs,
      steps,
      unit,
      enqueue: () => startMany(name, runs, () => ({ input: null, at })),
      // Checked after the vacuum, which also takes time.
      begin: async () => {
        if (Date.now() > at) throw new Error(`enqueueing ${runs} runs took too long`);
      },
      isDone: async () => (await count("completed")) >= runs,
    });
  }

  return {
    name: `baton-${storeName}`,
    packages: ["baton"],
    durability: store.durability,
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
            await until(async () => (await count("waiting")) >= runs, watchEveryMs);
          },
        });
      },
    },
  };
}

export const batonSqlite = peerOn("sqlite");
export const batonPostgres = peerOn("postgres");
