/** The percentile of the numbers; `share` 0.5 is the median. */
export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Rounds to three digits, or to an integer from 100 on. */
export function round(value) {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

/** Records the progress that a peer's own code sees: the first step, and the end of the last run. */
export class Progress {
  #left;
  #done = 0;
  #resolve = () => {};
  /** When the first step started, in ms of `performance.now`. */
  firstAt = Number.NaN;
  /** Resolves when the code of the last run has ended. The peer may not have recorded it yet. */
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

/** Resolves as soon as `check` returns true. It has no time limit, because the whole process has one. */
export async function until(check, everyMs = 2) {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, everyMs));
}

/** Waits for the promise, but at most `limitMs`. Returns whether it was resolved. */
export async function waitAtMost(promise, limitMs) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const isInTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
}

/** Calls `work` with 0 to count - 1, with at most `atOnce` calls in parallel. */
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
