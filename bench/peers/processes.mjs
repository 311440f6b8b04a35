import { readFileSync } from "node:fs";

/** What a clock tick of /proc is: Linux shows 100 a second to programs, whatever the kernel uses inside. */
const tickMs = 10;

/**
 * The processor time that a process has used with all its threads, in ms; null where it is gone or there is no /proc.
 *
 * @param {number} pid
 */
export function readCpuMs(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold spaces; the fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch {
    return null;
  }
}

/** The memory that a process holds, in MB; 0 where it cannot be read. */
export function readMemoryMb(pid) {
  try {
    const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kb ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** How often the server's processes are looked at: one that ends in between loses what it used since. */
const sampleMs = 250;

/** The processor time of this process and of the server's processes between two moments. */
export class CpuMeter {
  #listPids;
  #begun = new Map();
  #latest = new Map();
  #timer;
  #sampling = Promise.resolve();
  #own = process.cpuUsage();

  /** @param {() => Promise<readonly number[]> | readonly number[]} listPids The processes that count as the server. */
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

  /** Milliseconds since the start. */
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
