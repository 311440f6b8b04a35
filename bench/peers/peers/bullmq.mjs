import { FlowProducer, Queue, QueueEvents, Worker } from "bullmq";
import { Redis } from "ioredis";
import { measureDrain, measureFanOut, measureLatency, measureSleepers, sleepMs, value200 } from "../harness.mjs";
import { inBatches, until } from "../measure.mjs";
import { startRedis } from "../own-redis.mjs";
import { readDurability, readState } from "../redis.mjs";

const queueName = "peers";
const jobsPerCall = 1_000;
/** Its worker processes one job at a time by default. */
const concurrency = 100;

/** A chain of jobs: the deepest child runs first, the root last. */
function chainOf(steps) {
  let node = { name: "step 0", queueName, data: {} };
  for (let i = 1; i < steps; i++) node = { name: `step ${i}`, queueName, data: {}, children: [node] };
  return { ...node, name: "root" };
}

/** @param {string} name @param {(given: any) => Promise<string>} urlOf The address of the Redis to use. */
function peerOn(name, urlOf) {
  const open = async (given) => {
    const url = await urlOf(given);
    const connection = () => new Redis(url, { maxRetriesPerRequest: null });
    const base = { prefix: given.prefix || "bull" };
    const { pid } = await readState(url);
    given.started.push(pid);
    return {
      url,
      pid,
      queue: new Queue(queueName, { ...base, connection: connection() }),
      flows: new FlowProducer({ ...base, connection: connection() }),
      events: () => new QueueEvents(queueName, { ...base, connection: connection() }),
      work: (handle) => new Worker(queueName, handle, { ...base, connection: connection(), concurrency }),
    };
  };

  const drain = async (given, runs, steps, unit, add) => {
    const { queue, flows, work } = await open(given);
    return measureDrain(given, {
      runs,
      steps,
      unit,
      note: `concurrency ${concurrency}`,
      enqueue: () => inBatches(runs, jobsPerCall / steps, (size) => add({ queue, flows }, size)),
      begin: async () => {
        work(async (job) => {
          given.progress.step();
          if (job.name === "root") given.progress.end();
          return value200;
        });
      },
      isDone: async () => (await queue.getCompletedCount()) >= runs * steps,
    });
  };

  return {
    name,
    packages: ["bullmq"],
    durability: async (given) => readDurability(await urlOf(given)),
    absent: { wake: "a queue: a job cannot wait for a signal" },
    workloads: {
      drain: (given) => {
        const { drainRuns, drainSteps } = given.sizes;
        return drain(given, drainRuns, drainSteps, "steps/s", ({ flows }, size) =>
          flows.addBulk(Array.from({ length: size }, () => chainOf(drainSteps))),
        );
      },
      single: (given) =>
        drain(given, given.sizes.singleRuns, 1, "jobs/s", ({ queue }, size) =>
          queue.addBulk(Array.from({ length: size }, () => ({ name: "root", data: {} }))),
        ),
      latency: async (given) => {
        const { flows, events, work } = await open(given);
        work(async () => 1);
        const ended = events();
        await ended.waitUntilReady();
        return measureLatency(given, async () => (await flows.add(chainOf(3))).job.waitUntilFinished(ended), "a flow");
      },
      "fan-out": async (given) => {
        const { flows, events, work } = await open(given);
        work(async () => 1);
        const ended = events();
        await ended.waitUntilReady();
        return measureFanOut(given, async (count) => {
          const children = Array.from({ length: count }, (_, i) => ({ name: `step ${i}`, queueName, data: {} }));
          const { job } = await flows.add({ name: "root", queueName, data: {}, children });
          await job.waitUntilFinished(ended);
        });
      },
      sleepers: async (given) => {
        const { url, queue } = await open(given);
        given.storeBytes = async () => (await readState(url)).logBytes;
        return measureSleepers(given, {
          putToSleep: async (count) => {
            await inBatches(count, jobsPerCall, (size) =>
              queue.addBulk(Array.from({ length: size }, () => ({ name: "root", data: {}, opts: { delay: sleepMs } }))),
            );
            await until(async () => (await queue.getDelayedCount()) >= count);
          },
          note: "delayed jobs",
        });
      },
    },
  };
}

/** On the shared Redis, as it is configured. */
export const bullmqShared = peerOn("bullmq", async (given) => given.redis);

/** On its own Redis that syncs its log to disk each second, as BullMQ's documentation recommends for production. */
export const bullmqOwn = peerOn("bullmq-aof", (given) => startRedis(given));
