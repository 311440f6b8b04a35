import type { Wait } from "../model/journal.ts";
import type { StartRun } from "../model/start-run.ts";
import type { WaitOpening } from "../model/transition.ts";
import type { Extras, OpenWait } from "./operation.ts";

interface Opening {
  readonly opening: WaitOpening;
  readonly wait: OpenWait;
  readonly starts: readonly StartRun[];
}

/**
 * A child to cancel, until the store has confirmed it. Every advance repeats it, because a delayed one could arrive
 * after the end of the run. It counts only once the child's start is confirmed: the start could be the delayed one.
 */
interface Cancel {
  /** Null: its row was found in the store. */
  readonly wait: OpenWait | null;
  isSent: boolean;
}

/** The open waits of a run in memory, and those that the next advance registers or ends. */
export class WaitBook {
  readonly #waits = new Map<string, OpenWait>();
  #opens: Opening[] = [];
  #closes: string[] = [];
  /** Created only when a branch is stopped: every run has a wait book. */
  #cancels: Map<string, Cancel> | null = null;

  get size(): number {
    return this.#waits.size;
  }

  get hasUnsent(): boolean {
    if (this.#opens.length > 0 || this.#closes.length > 0) return true;
    return this.#cancels !== null && [...this.#cancels.values()].some((each) => isStarted(each) && !each.isSent);
  }

  get(key: string): OpenWait | undefined {
    return this.#waits.get(key);
  }

  /** Registers a wait with the next advance, together with the children that it waits for. */
  open(opening: WaitOpening, wait: OpenWait, starts: readonly StartRun[]): void {
    this.#waits.set(wait.key, wait);
    this.#opens.push({ opening, wait, starts });
  }

  /** Resumes a wait that is already registered. */
  resume(wait: OpenWait): void {
    this.#waits.set(wait.key, wait);
  }

  /** Settles a wait: its row is removed with the entry that settles it. */
  settle(key: string): OpenWait | undefined {
    const wait = this.#waits.get(key);
    this.#waits.delete(key);
    return wait;
  }

  /**
   * Ends a wait that is no longer needed. `isRegistered`: its row exists although it is not open here. True if the row
   * is removed by the next advance, false if there is none.
   */
  close(key: string, isRegistered: boolean): boolean {
    const isOpen = this.#waits.delete(key);
    const unsent = this.#opens.findIndex((each) => each.wait.key === key);
    if (isOpen && unsent >= 0) this.#opens.splice(unsent, 1);
    else if (isOpen || isRegistered) {
      this.#closes.push(key);
      return true;
    }
    return false;
  }

  /** Ends the wait for a child and cancels the child with the same advance. A child that was not sent never starts. */
  cancelChild(key: string, isRegistered: boolean): void {
    const wait = this.#waits.get(key) ?? null;
    if (!this.close(key, isRegistered)) return;
    this.#cancels = (this.#cancels ?? new Map()).set(key, { wait, isSent: false });
  }

  /** Sets the due times as they are registered now. */
  setDueTimes(registered: readonly Pick<Wait, "key" | "dueAt">[]): void {
    for (const { key, dueAt } of registered) {
      const wait = this.#waits.get(key);
      if (wait !== undefined) wait.dueAt = dueAt;
    }
  }

  /** Makes every retry due at once. */
  hurryRetries(): void {
    for (const wait of this.#waits.values()) if (wait.kind === "retry") wait.dueAt = 0;
  }

  /** Store time of the earliest due wait; infinity if none ends by time. */
  nearestDue(now: number): number {
    let nearest = Number.POSITIVE_INFINITY;
    for (const wait of this.#waits.values()) if (wait.dueAt != null && wait.dueAt < nearest) nearest = wait.dueAt;
    for (const { opening } of this.#opens) nearest = Math.min(nearest, dueOf(opening, now) ?? Number.POSITIVE_INFINITY);
    return nearest;
  }

  /** Takes the waits that are due. A retry leaves the book now, the others when their end is recorded. */
  takeDue(now: number): readonly OpenWait[] {
    const due = [...this.#waits.values()].filter((wait) => wait.dueAt != null && wait.dueAt <= now);
    for (const wait of due) if (wait.kind === "retry") this.#waits.delete(wait.key);
    return due;
  }

  /** `confirmed`: the store has them, and those whose child's start it had before are not repeated. */
  #takeCancels(): { readonly cancels: readonly string[]; confirmed(): void } {
    const all = this.#cancels;
    if (all === null) return noCancels;
    const sure = [...all].filter(([, cancel]) => isStarted(cancel));
    for (const [, cancel] of sure) cancel.isSent = true;
    return {
      cancels: [...all.keys()],
      confirmed: () => {
        for (const [key] of sure) all.delete(key);
      },
    };
  }

  /** What the next advance registers and ends. `committed` sets the due times of the registered waits. */
  takeUnsent(): { readonly parts: Extras; committed(at: number): void; readonly hasAwaited: boolean } {
    const opens = this.#opens;
    const closes = this.#closes;
    const { cancels, confirmed } = this.#takeCancels();
    const starts = opens.flatMap((each) => each.starts);
    this.#opens = [];
    this.#closes = [];
    return {
      parts: {
        ...(opens.length === 0 ? {} : { opens: opens.map((each) => each.opening) }),
        ...(starts.length === 0 ? {} : { starts }),
        ...(closes.length === 0 ? {} : { closes }),
        ...(cancels.length === 0 ? {} : { cancels }),
      },
      committed: (at) => {
        confirmed();
        for (const { opening, wait } of opens) wait.dueAt = dueOf(opening, at);
      },
      hasAwaited: opens.some(({ opening }) => opening.kind !== "timer"),
    };
  }
}

const noCancels = { cancels: [], confirmed: () => {} } as const;

function isStarted({ wait }: Cancel): boolean {
  return wait === null || wait.dueAt !== undefined;
}

function dueOf(opening: WaitOpening, at: number): number | null {
  return opening.dueAt ?? (opening.dueInMs === undefined ? null : at + opening.dueInMs);
}
