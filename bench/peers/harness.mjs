import { drainBudgetMs, latencyBudgetMs } from "./limits.mjs";
import { Progress, percentile, round, until, waitAtMost } from "./measure.mjs";
import { readMemoryMb } from "./processes.mjs";

/**
 * The settings of a peer for one workload.
 *
 * @typedef {object} Setting
 * @property {ReturnType<typeof import("./limits.mjs").chooseSizes>} sizes
 * @property {string} url Of its own Postgres database; empty if it does not use one.
 * @property {string} folder Its own folder on the disk of the checkout.
 * @property {string} prefix Of its keys, if it shares a server.
 * @property {import("./processes.mjs").CpuMeter} cpu
 * @property {() => readonly number[]} serverPids Processes that the peer started, without shared servers.
 * @property {() => Promise<number>} storeBytes The size of its data on disk.
 * @property {() => Promise<void>} vacuum Vacuums and analyses the database, if the server does not do so itself.
 * @property {Progress} progress Updated by the peer's steps and runs.
 *
 * @typedef {{ workload: string, value: number, unit: string, cpuMsPerStep: number | null, note: string }} Row
 */

/** The result of each step of the drains: 200 bytes of JSON. */
export const value200 = "x".repeat(198);

/** Long enough that no sleeper wakes up. */
export const sleepMs = 30 * 24 * 3_600_000;

/** @returns {Row} */
function rowOf(workload, value, unit, cpuMsPerStep, note) {
  return {
    workload,
    value: round(value),
    unit,
    cpuMsPerStep: cpuMsPerStep === null ? null : round(cpuMsPerStep),
    note,
  };
}

/**
 * Runs that are enqueued first and then processed: from the first step until the last run is recorded as ended. The
 * time that a peer needs to notice the first run, such as a poll interval, is not counted.
 *
 * @param {Setting} setting
 * @param {{ workload?: string, runs: number, steps: number, unit: string, note?: string,
 *   enqueue: () => Promise<void>, begin: () => Promise<void>, isDone: () => Promise<boolean> }} parts
 * @returns {Promise<Row>}
 */
export async function measureDrain(setting, parts) {
  const { workload = parts.steps > 1 ? "drain" : "single", runs, steps, unit, enqueue, begin, isDone } = parts;
  setting.progress = new Progress(runs);
  const enqueuedAt = performance.now();
  await enqueue();
  const enqueueS = (performance.now() - enqueuedAt) / 1000;
  await setting.vacuum();
  await setting.cpu.start();
  await begin();
  const hasEnded = await waitAtMost(setting.progress.ended, drainBudgetMs);
  if (hasEnded) await until(isDone);
  const seconds = (performance.now() - setting.progress.firstAt) / 1000;
  const cpuMs = await setting.cpu.stop();
  const done = (hasEnded ? runs : setting.progress.done) * steps;
  const notes = [`${runs} runs, enqueued in ${round(enqueueS)} s`];
  if (parts.note) notes.push(parts.note);
  if (!hasEnded) notes.push(`stopped after ${round(seconds)} s, when ${setting.progress.done} of them had ended`);
  return rowOf(workload, done / seconds, unit, cpuMs / done, notes.join("; "));
}

/**
 * Runs of three steps, one after another, each from the call that starts it to its result.
 *
 * @param {Setting} setting
 * @param {() => Promise<unknown>} run
 * @returns {Promise<Row[]>}
 */
export async function measureLatency(setting, run, note = "") {
  const { latencyRuns, latencyWarmUps } = setting.sizes;
  const times = [];
  const timeOne = async () => {
    const begun = performance.now();
    await run();
    return performance.now() - begun;
  };
  const firstMs = await timeOne();
  // A peer that polls once per second does not need a warm-up.
  for (let i = 1; i < latencyWarmUps && firstMs < 500; i++) await run();
  await setting.cpu.start();
  const begun = performance.now();
  while (times.length < latencyRuns && performance.now() - begun < latencyBudgetMs) times.push(await timeOne());
  const cpuMs = (await setting.cpu.stop()) / times.length / 3;
  const what = `${times.length} runs of 3 steps${note && `; ${note}`}`;
  return [
    rowOf("latency p50", percentile(times, 0.5), "ms", cpuMs, what),
    rowOf("latency p99", percentile(times, 0.99), "ms", cpuMs, what),
  ];
}

/**
 * @param {Setting} setting
 * @param {(steps: number) => Promise<unknown>} run One run with that many parallel steps, until its result.
 * @returns {Promise<Row>}
 */
export async function measureFanOut(setting, run) {
  const { fanOutSteps: count, fanOutRounds: rounds } = setting.sizes;
  const times = [];
  await setting.cpu.start();
  for (let done = 0; done < rounds; done++) {
    const begun = performance.now();
    await run(count);
    times.push((performance.now() - begun) / 1000);
  }
  const cpuMs = (await setting.cpu.stop()) / count / rounds;
  const note = `one run with ${count} parallel steps, median of ${rounds}; the first took ${round(times[0])} s`;
  return rowOf("fan-out", percentile(times, 0.5), "s", cpuMs, note);
}

/**
 * Waiting runs that each get their own signal: from the first signal until the last run is recorded as ended.
 *
 * @param {Setting} setting
 * @param {{ park: (count: number) => Promise<void>, signalAll: (count: number) => Promise<void>,
 *   isDone: (count: number) => Promise<boolean> }} parts
 * @returns {Promise<Row>}
 */
export async function measureWake(setting, { park, signalAll, isDone }) {
  const count = setting.sizes.wakeRuns;
  setting.progress = new Progress(count);
  await park(count);
  await setting.vacuum();
  await setting.cpu.start();
  const begun = performance.now();
  await signalAll(count);
  await setting.progress.ended;
  await until(() => isDone(count));
  const seconds = (performance.now() - begun) / 1000;
  return rowOf("wake", seconds, "s", (await setting.cpu.stop()) / count, `${count} waiting runs, one signal each`);
}

/**
 * Runs that sleep for 30 days: from the first call until all of them are asleep.
 *
 * @param {Setting} setting
 * @param {{ putToSleep: (count: number) => Promise<void>, note?: string }} parts
 * @returns {Promise<Row[]>}
 */
export async function measureSleepers(setting, { putToSleep, note = "" }) {
  const count = setting.sizes.sleepers;
  setting.progress = new Progress(count);
  const bytesBefore = await setting.storeBytes();
  await setting.cpu.start();
  const begun = performance.now();
  await putToSleep(count);
  const seconds = (performance.now() - begun) / 1000;
  const cpuMs = (await setting.cpu.stop()) / count;
  globalThis.gc?.();
  const nodeMb = process.memoryUsage().rss / 1024 / 1024;
  const serverMb = setting.serverPids().reduce((sum, pid) => sum + readMemoryMb(pid), 0);
  const bytes = ((await setting.storeBytes()) - bytesBefore) / count;
  const what = `${count} runs asleep${note && `; ${note}`}`;
  const memory = serverMb > 0 ? `${what}; Node ${round(nodeMb)}, server ${round(serverMb)}` : what;
  const rows = [
    rowOf("sleepers enqueue", seconds, "s", cpuMs, what),
    rowOf("sleepers memory", nodeMb + serverMb, "MB", null, memory),
  ];
  // A store that is only in memory has nothing on disk.
  return bytes > 0 ? [...rows, rowOf("sleepers disk", bytes, "bytes/run", null, what)] : rows;
}
