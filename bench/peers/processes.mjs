import { readFileSync } from "node:fs";

/** The clock tick of /proc: Linux reports 100 ticks per second, whatever the kernel uses internally. */
const tickMs = 10;

/**
 * The CPU time of a process with all its threads, in ms; null if it has exited or there is no /proc.
 *
 * @param {number} pid
 */
export function readCpuMs(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may contain spaces, so the fields are counted after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch {
    return null;
  }
}

/** The memory of a process in MB; 0 if it cannot be read. */
export function readMemoryMb(pid) {
  try {
    const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kb ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/**
 * Sampling interval of the server's processes. CPU time after the last sample of a process that exits is not counted.
 */
const sampleMs = 250;

/** Measures the CPU time of this process and of the server's processes. */
export class CpuMeter {
  #listPids;
  #begun = new Map();
  #latest = new Map();
  #timer;
  #sampling = Promise.resolve();
  #own = process.cpuUsage();

  /** @param {() => Promise<readonly number[]> | readonly number[]} listPids Returns the server's processes. */
  constructor(listPids) {
    this.#listPids = listPids;
  }

  async start() {
    for (const pid of await this.#listPids()) this.#begun.set(pid, readCpuMs(pid) ?? 0);
    this.#own = process.cpuUsage();
    this.#timer = setInterval(() => {
      this.#sampling = this.#sampling.then(() => this.#sample());
    }, sampleMs);
    this.#timer.unref();
  }

  /** Returns the CPU time since the start in ms. */
  async stop() {
    clearInterval(this.#timer);
    const { user, system } = process.cpuUsage(this.#own);
    await this.#sampling;
    await this.#sample();
    let serverMs = 0;
    for (const [pid, ms] of this.#latest) serverMs += ms - (this.#begun.get(pid) ?? 0);
    return (user + system) / 1000 + serverMs;
  }

  async #sample() {
    for (const pid of await this.#listPids()) {
      const ms = readCpuMs(pid);
      if (ms !== null) this.#latest.set(pid, ms);
    }
  }
}
