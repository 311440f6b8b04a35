import { once } from "node:events";
import { createServer } from "node:http2";
import * as sdk from "@restatedev/restate-sdk";
import * as clients from "@restatedev/restate-sdk-clients";
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
import { forEach, until } from "../measure.mjs";
import { startRestate } from "../own-restate.mjs";

/** Estimated time to enqueue one run, used to choose a time when all have been enqueued. */
const enqueueMsPerRun = 1.5;
const enqueueMsAtLeast = 3_000;

/** @type {import("../harness.mjs").Setting} */
let setting;
/** The awakeables of the waiting runs, in the order of their creation. */
const awakeables = [];

async function runSteps(ctx, count) {
  setting.progress.step();
  for (let i = 0; i < count; i++) await ctx.run("step", () => value200);
  setting.progress.end();
}

const service = sdk.service({
  name: "peers",
  handlers: {
    five: (ctx) => runSteps(ctx, 5),
    one: (ctx) => runSteps(ctx, 1),
    three: async (ctx) => {
      for (let i = 0; i < 3; i++) await ctx.run("step", () => i);
    },
    fan: async (ctx, count) => {
      await sdk.RestatePromise.all(Array.from({ length: count }, (_, i) => ctx.run(`step ${i}`, () => i)));
    },
    waiter: async (ctx) => {
      const { id, promise } = ctx.awakeable();
      awakeables.push(id);
      const value = await promise;
      setting.progress.end();
      return value;
    },
    sleeper: async (ctx) => {
      setting.progress.end();
      await ctx.sleep(sleepMs);
    },
  },
});

/** Starts the server and this process's endpoint, and registers the endpoint with the server. */
async function open(given) {
  setting = given;
  const server = await startRestate(given);
  given.started.push(server.pid);
  const endpoint = createServer(sdk.createEndpointHandler({ services: [service], logger: () => {} }));
  endpoint.listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  await server.register(`http://127.0.0.1:${endpoint.address().port}`);
  const ingress = clients.connect({ url: server.ingressUrl });
  const calls = ingress.serviceClient(service);
  // A new cluster needs seconds until each partition has a leader. This is not measured.
  await forEach(requestsAtOnce, requestsAtOnce, () => calls.three(null));
  const countDone = (handler) => server.count(`status = 'completed' AND target_handler_name = '${handler}'`);
  return { server, ingress, calls, countDone, sends: ingress.serviceSendClient(service) };
}

async function drain(given, handler, runs, steps, unit) {
  const { countDone, sends } = await open(given);
  // Its server starts runs at once, so all runs are delayed until the time when all have been enqueued.
  const enqueueMs = Math.max(enqueueMsAtLeast, runs * enqueueMsPerRun);
  const dueAt = Date.now() + enqueueMs;
  return measureDrain(given, {
    runs,
    steps,
    unit,
    enqueue: async () => {
      await forEach(runs, requestsAtOnce, () =>
        sends[handler](null, clients.rpc.sendOpts({ delay: Math.max(1, dueAt - Date.now()) })),
      );
      if (Date.now() > dueAt) throw new Error(`enqueueing ${runs} runs took longer than ${enqueueMs} ms`);
    },
    begin: async () => {},
    isDone: async () => (await countDone(handler)) >= runs,
  });
}

export const restate = {
  name: "restate",
  packages: ["@restatedev/restate-server", "@restatedev/restate-sdk"],
  durability: async (given) => (await startRestate(given)).durability,
  absent: {},
  workloads: {
    drain: (given) => drain(given, "five", given.sizes.drainRuns, given.sizes.drainSteps, "steps/s"),
    single: (given) => drain(given, "one", given.sizes.singleRuns, 1, "runs/s"),
    latency: async (given) => {
      const { calls } = await open(given);
      return measureLatency(given, () => calls.three(null));
    },
    "fan-out": async (given) => {
      const { calls } = await open(given);
      return measureFanOut(given, (count) => calls.fan(count));
    },
    wake: async (given) => {
      const { countDone, ingress, sends } = await open(given);
      return measureWake(given, {
        park: async (count) => {
          await forEach(count, requestsAtOnce, () => sends.waiter(null));
          await until(() => awakeables.length >= count);
        },
        signalAll: (count) => forEach(count, requestsAtOnce, (i) => ingress.resolveAwakeable(awakeables[i], i)),
        isDone: async (count) => (await countDone("waiter")) >= count,
      });
    },
    sleepers: async (given) => {
      const { server, sends } = await open(given);
      return measureSleepers(given, {
        putToSleep: async (count) => {
          await forEach(count, requestsAtOnce, () => sends.sleeper(null));
          await given.progress.ended;
          await until(async () => (await server.count("status IN ('running', 'suspended')")) >= count, watchEveryMs);
        },
      });
    },
  },
};
