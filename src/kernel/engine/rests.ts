import type { RunStatus } from "../model/status.ts";
import { isAtRest } from "../model/status.ts";
import type { Clock } from "../ports/clock.ts";
import type { Change, Hint } from "../ports/notifier.ts";
import type { Store } from "../ports/store.ts";

/** The first look comes soon, for a run that had ended before anybody asked. */
const firstLookMs = 20;
/** After a hint that one has ended. */
const toldLookMs = 3;
/** How often all are looked up when no hint comes. */
const lookMs = 500;

/**
 * Runs whose end somebody waits for here. They are looked up together: a thousand waiting calls ask the store as often
 * as one does.
 */
export class Rests {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #calls = new Map<number, Set<() => void>>();
  /** Nobody here does anything any more: what cannot be read now never will be. */
  isStopped = false;
  #stopLook: (() => void) | null = null;
  #lookAt = Number.POSITIVE_INFINITY;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  add(no: number, call: () => void): () => void {
    const calls = this.#calls.get(no) ?? new Set();
    this.#calls.set(no, calls.add(call));
    this.#plan(firstLookMs);
    return () => {
      calls.delete(call);
      if (calls.size === 0 && this.#calls.get(no) === calls) this.#calls.delete(no);
    };
  }

  /** One that has ended here tells its callers by itself, right after this: nobody is left to be looked up for then. */
  told(hint: Hint): void {
    const isMine = ({ no, status }: Change): boolean => this.#calls.has(no) && isAtRest(status as RunStatus);
    if (this.#calls.size > 0 && hint.changed?.some(isMine)) this.#plan(toldLookMs);
  }

  #call(no: number): void {
    for (const call of [...(this.#calls.get(no) ?? [])]) call();
  }

  #plan(ms: number): void {
    const at = this.#clock.mono() + ms;
    if (at >= this.#lookAt) return;
    this.#stopLook?.();
    this.#lookAt = at;
    this.#stopLook = this.#clock.after(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#lookAt = Number.POSITIVE_INFINITY;
    if (this.#calls.size === 0) return;
    const runs = [...this.#calls.keys()];
    // While the store is away they wait on; when it is closed they are told.
    const ended = await this.#store.query("atRest", { runs }).catch(() => (this.isStopped ? runs : []));
    for (const no of ended) this.#call(no);
    if (this.#calls.size > 0) this.#plan(lookMs);
  }
}
