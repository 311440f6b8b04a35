import type { History, PastEntry } from "../decide/history.ts";
import type { Operation } from "./operation.ts";
import type { StoppedBranches } from "./stopped-branches.ts";

/** Turns to wait for code that awaits something else: the first few at once, the rest 10 ms apart, 10 s in total. */
const stuckTurnsMax = 1_000;
const quickTurns = 3;

export type ReplayStep =
  /** The code receives this result. */
  | { readonly kind: "answer"; readonly operation: Operation; readonly entry: PastEntry }
  /** The history is used up. */
  | { readonly kind: "caught-up" }
  /** The code has not asked for the next entry of its history yet. */
  | { readonly kind: "wait"; readonly isSoon: boolean }
  /** The code did not ask for it in time. */
  | { readonly kind: "diverged"; readonly entry: PastEntry };

/**
 * The order in which a replay delivers the history: strictly by `seq`, except for entries that a reopening made
 * optional. Those are delivered as soon as the code asks for them, before anything else, and the code may skip them.
 */
export class Replay {
  readonly #history: History;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #urgent: { operation: Operation; entry: PastEntry }[] = [];
  readonly #stopped: StoppedBranches;
  #position = 0;
  #stuckTurns = 0;

  constructor(history: History, operations: ReadonlyMap<string, Operation>, stopped: StoppedBranches) {
    this.#stopped = stopped;
    this.#history = history;
    this.#operations = operations;
  }

  /** The entry recorded under a key, or undefined. An optional entry is delivered first. */
  expect(operation: Operation): PastEntry | undefined {
    const entry = this.#history.byKey.get(operation.key);
    if (entry?.isOptional && entry.kind === operation.kind) {
      this.#urgent.push({ operation, entry });
      this.#urgent.sort((a, b) => a.entry.seq - b.entry.seq);
    }
    return entry;
  }

  /** The next optional entry that the code has asked for, even after the rest of the history is used up. */
  nextUrgent(): { readonly operation: Operation; readonly entry: PastEntry } | undefined {
    return this.#urgent.shift();
  }

  next(): ReplayStep {
    const { entries } = this.#history;
    let entry = entries[this.#position];
    while (entry !== undefined && (entry.isOptional || this.#isUnheard(entry))) entry = entries[++this.#position];
    if (entry === undefined) return { kind: "caught-up" };
    const operation = this.#operations.get(entry.key);
    if (operation !== undefined) {
      this.#position += 1;
      this.#stuckTurns = 0;
      return { kind: "answer", operation, entry };
    }
    this.#stuckTurns += 1;
    if (this.#stuckTurns > stuckTurnsMax) return { kind: "diverged", entry };
    return { kind: "wait", isSoon: this.#stuckTurns <= quickTurns };
  }

  /** The first entry that the code has skipped when it ends, or undefined. */
  leftOut(): PastEntry | undefined {
    return this.#history.entries
      .slice(this.#position)
      .find((entry) => !entry.isOptional && !this.#isUnheard(entry) && !this.#operations.has(entry.key));
  }

  /** The code never asks for what a stopped branch recorded later: earlier versions let such a branch run on. */
  #isUnheard(entry: PastEntry): boolean {
    return !this.#operations.has(entry.key) && this.#stopped.has(entry.key);
  }
}

/** Describes a recorded entry that the code no longer asks for, and what it asks for instead. */
export function differenceText(history: History, left: PastEntry, operations: ReadonlyMap<string, Operation>): string {
  const place = history.entries.findIndex((entry) => entry.key === left.key) + 1;
  const instead = [...operations.keys()].find((key) => !history.byKey.has(key));
  const now = instead === undefined ? "the code no longer asks for it" : `the code now asks for "${instead}"`;
  return `Step ${place} was "${left.key}"; ${now}`;
}
