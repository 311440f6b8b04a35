import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * One row of the table. `floor` is the bare cost of the same rows or commits in the same process; `ratio` is value /
 * floor.
 */
export interface Row {
  readonly workload: string;
  readonly store: string;
  readonly value: number;
  readonly unit: string;
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly cpuMsPerStep: number | null;
  readonly note: string;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Wall time, and CPU time of this process (with its store thread) and of the database's processes. */
export async function timed<T>(
  work: () => Promise<T> | T,
  store: { cpuMs(): number } = { cpuMs: () => 0 },
): Promise<{ value: T; ms: number; cpuMs: number }> {
  const serverBefore = store.cpuMs();
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const value = await work();
  const ms = performance.now() - begun;
  const used = process.cpuUsage(cpu);
  return { value, ms, cpuMs: (used.user + used.system) / 1000 + store.cpuMs() - serverBefore };
}

export function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of live objects, after a garbage collection. */
export function liveHeapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
