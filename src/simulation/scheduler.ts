import type { Chance } from "./chance.ts";

interface Planned {
  readonly at: number;
  readonly tie: number;
  readonly call: () => void;
}

const realImmediate = setImmediate;

/**
 * Owns all future events. Every await of the kernel goes through a port that ends here, so after one real macrotask
 * nothing is runnable, and the next event is chosen by virtual time and a seeded tie-break: a seed has the same
 * interleavings in every process.
 */
export class Scheduler {
  readonly #chance: Chance;
  readonly #heap: Planned[] = [];
  #now: number;
  #count = 0;

  constructor(chance: Chance, startAt: number) {
    this.#chance = chance;
    this.#now = startAt;
  }

  get now(): number {
    return this.#now;
  }

  get eventCount(): number {
    return this.#count;
  }

  after(ms: number, call: () => void): () => void {
    const planned: Planned = { at: this.#now + Math.max(0, Math.ceil(ms)), tie: this.#chance.float(), call };
    this.#push(planned);
    let isCancelled = false;
    const guarded = planned as { call: () => void };
    guarded.call = () => {
      if (!isCancelled) call();
    };
    return () => {
      isCancelled = true;
    };
  }

  /** Runs until nothing is planned, `until` has passed, or `isDone` returns true. */
  async run(until: number, isDone: () => boolean): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until || isDone()) return;
      this.#pop();
      this.#now = next.at;
      this.#count += 1;
      next.call();
      await new Promise<void>((resolve) => realImmediate(resolve));
    }
  }

  #isBefore(a: Planned, b: Planned): boolean {
    return a.at < b.at || (a.at === b.at && a.tie < b.tie);
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let i = heap.push(planned) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!this.#isBefore(planned, heap[up] as Planned)) break;
      heap[i] = heap[up] as Planned;
      i = up;
    }
    heap[i] = planned;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Planned;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1] as Planned, heap[child] as Planned)) child += 1;
      if (!this.#isBefore(heap[child] as Planned, last)) break;
      heap[i] = heap[child] as Planned;
      i = child;
    }
    heap[i] = last;
  }
}
