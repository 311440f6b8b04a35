import type { RunStatus } from "../model/status.ts";
import { isAtRest } from "../model/status.ts";
import type { Clock } from "../ports/clock.ts";
import type { Change, Hint } from "../ports/notifier.ts";
import type { Store } from "../ports/store.ts";

/** The first check comes soon, for a run that had already ended. */
const firstPollMs = 20;
/** Delay after a hint that one has ended. */
const hintPollMs = 3;
/** Interval between checks of all runs if no hint arrives. */
const pollMs = 500;

/**
 * Runs whose end is awaited here. They are checked together: a thousand waiting calls query the store as often as one.
 */
export class Rests {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #calls = new Map<number, Set<() => void>>();
  /** This process has stopped: what cannot be read now never will be. */
  isStopped = false;
  #stopPoll: (() => void) | null = null;
  #pollAt = Number.POSITIVE_INFINITY;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  add(no: number, call: () => void): () => void {
    const calls = this.#calls.get(no) ?? new Set();
    this.#calls.set(no, calls.add(call));
    this.#plan(firstPollMs);
    return () => {
      calls.delete(call);
      if (calls.size === 0 && this.#calls.get(no) === calls) this.#calls.delete(no);
    };
  }

  /** A run that ended in this process notifies its callers right after this hint, and then needs no check. */
  onHint(hint: Hint): void {
    const isMine = ({ no, status }: Change): boolean => this.#calls.has(no) && isAtRest(status as RunStatus);
    if (this.#calls.size > 0 && hint.changed?.some(isMine)) this.#plan(hintPollMs);
  }

  #call(no: number): void {
    for (const call of [...(this.#calls.get(no) ?? [])]) call();
  }

  #plan(ms: number): void {
    const at = this.#clock.mono() + ms;
    if (at >= this.#pollAt) return;
    this.#stopPoll?.();
    this.#pollAt = at;
    this.#stopPoll = this.#clock.after(ms, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    this.#pollAt = Number.POSITIVE_INFINITY;
    if (this.#calls.size === 0) return;
    const runs = [...this.#calls.keys()];
    // While the store is unavailable they keep waiting; once it is closed they are called back.
    const ended = await this.#store.query("atRest", { runs }).catch(() => (this.isStopped ? runs : []));
    for (const no of ended) this.#call(no);
    if (this.#calls.size > 0) this.#plan(pollMs);
  }
}
