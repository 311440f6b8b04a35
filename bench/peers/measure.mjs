/** A middle value of the sorted numbers; `share` 0.5 is the median. */
export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Three figures, or whole numbers from 100 on. */
export function round(value) {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Counts what a peer's own code sees: the first step, and the end of the last run. */
export class Progress {
  #left;
  #done = 0;
  #resolve = () => {};
  /** When the first step began, in ms of `performance.now`. */
  firstAt = Number.NaN;
  /** Resolves when the last run's code has ended; the peer may still be writing that down. */
  ended;

  /** @param {number} count How many runs have to end. */
  constructor(count) {
    this.#left = count;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  step() {
    if (Number.isNaN(this.firstAt)) this.firstAt = performance.now();
  }

  /** How many runs have ended. */
  get done() {
    return this.#done;
  }

  end() {
    this.#done += 1;
    this.#left -= 1;
    if (this.#left === 0) this.#resolve();
  }
}

/** Resolves as soon as the check says yes; there is no limit here, since the whole process has one. */
export async function until(check, everyMs = 2) {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, everyMs));
}

/** Waits for the promise, but no longer than that; whether it was resolved. */
export async function waitAtMost(promise, limitMs) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const isInTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
}

/** Calls `work` with 0 to count - 1, so many at once. */
export async function forEach(count, atOnce, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}

/** Calls `work` with the size of each batch, one after another. */
export async function inBatches(count, size, work) {
  for (let done = 0; done < count; done += size) await work(Math.min(size, count - done), done);
}
