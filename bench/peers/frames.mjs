import { drainBudgetMs, latencyBudgetMs } from "./limits.mjs";
import { Progress, percentile, round, until, waitAtMost } from "./measure.mjs";
import { readMemoryMb } from "./processes.mjs";

/**
 * What a peer is given for one workload.
 *
 * @typedef {object} Setting
 * @property {ReturnType<typeof import("./limits.mjs").chooseSizes>} sizes
 * @property {string} url Of its own Postgres database; empty for peers without.
 * @property {string} folder Its own folder on the disk of the checkout.
 * @property {string} prefix Of its keys, where it shares a server.
 * @property {import("./processes.mjs").CpuMeter} cpu
 * @property {() => readonly number[]} serverPids Processes that the peer started; a shared server is not among them.
 * @property {() => Promise<number>} storeBytes What lies on disk for it.
 * @property {() => Promise<void>} tidy What a server does between bursts, where it does not by itself.
 * @property {Progress} progress Told by the peer's steps and runs.
 *
 * @typedef {{ workload: string, value: number, unit: string, cpuMsPerStep: number | null, note: string }} Row
 */

/** What each step of the drains gives back: 200 bytes of JSON. */
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
 * Runs put in first, then worked off: from the first step to the moment the last run is recorded as ended. What a peer
 * needs to notice the first run, such as a poll, is not counted.
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
  await setting.tidy();
  await setting.cpu.start();
  await begin();
  const hasEnded = await waitAtMost(setting.progress.ended, drainBudgetMs);
  if (hasEnded) await until(isDone);
  const seconds = (performance.now() - setting.progress.firstAt) / 1000;
  const cpuMs = await setting.cpu.stop();
  const done = (hasEnded ? runs : setting.progress.done) * steps;
  const notes = [`${runs} runs, put in within ${round(enqueueS)} s`];
  if (parts.note) notes.push(parts.note);
  if (!hasEnded) notes.push(`stopped after ${round(seconds)} s with ${setting.progress.done} of them ended`);
  return rowOf(workload, done / seconds, unit, cpuMs / done, notes.join("; "));
}

/**
 * One run of three steps after another, from the call that starts it to its result.
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
  const slow = await timeOne();
  // A peer that polls for a second gains nothing by being warm.
  for (let i = 1; i < latencyWarmUps && slow < 500; i++) await run();
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
 * @param {(steps: number) => Promise<unknown>} run One run of so many parallel steps, to its result.
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
  const note = `one run of ${count} steps, the median of ${rounds}; the first took ${round(times[0])} s`;
  return rowOf("fan-out", percentile(times, 0.5), "s", cpuMs, note);
}

/**
 * Waiting runs, each sent its own signal: from the first signal to the last run recorded as ended.
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
  await setting.tidy();
  await setting.cpu.start();
  const begun = performance.now();
  await signalAll(count);
  await setting.progress.ended;
  await until(() => isDone(count));
  const seconds = (performance.now() - begun) / 1000;
  return rowOf("wake", seconds, "s", (await setting.cpu.stop()) / count, `${count} waiting runs, a signal each`);
}

/**
 * Runs that sleep for 30 days: from the first call to the moment all of them sleep.
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
  // A store that lives in memory alone has nothing on disk to speak of.
  return bytes > 0 ? [...rows, rowOf("sleepers disk", bytes, "bytes/run", null, what)] : rows;
}
