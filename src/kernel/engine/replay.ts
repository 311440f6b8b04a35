import type { History, PastEntry } from "../decide/history.ts";
import type { Operation } from "./operation.ts";

/** Turns of waiting for code that awaits something of its own: the first few at once, the rest 10 ms apart, 10 s in all. */
const stuckTurnsMax = 1_000;
const quickTurns = 3;

export type ReplayStep =
  /** The code gets this answer. */
  | { readonly kind: "answer"; readonly operation: Operation; readonly entry: PastEntry }
  /** The past is used up. */
  | { readonly kind: "caught-up" }
  /** The code has not asked for the next part of its past yet. */
  | { readonly kind: "wait"; readonly isSoon: boolean }
  /** It had its time and did not ask. */
  | { readonly kind: "diverged"; readonly entry: PastEntry };

/**
 * The recorded past as a replay goes through it: strictly by `seq`, but for entries that a reopening made optional. Those
 * are given as soon as they are asked for, before anything else, and need not be asked for at all.
 */
export class Replay {
  readonly #history: History;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #urgent: { operation: Operation; entry: PastEntry }[] = [];
  #position = 0;
  #stuckTurns = 0;

  constructor(history: History, operations: ReadonlyMap<string, Operation>) {
    this.#history = history;
    this.#operations = operations;
  }

  /** What is recorded under a key, or undefined. An optional entry is put in front. */
  expect(operation: Operation): PastEntry | undefined {
    const entry = this.#history.byKey.get(operation.key);
    if (entry?.isOptional && entry.kind === operation.kind) {
      this.#urgent.push({ operation, entry });
      this.#urgent.sort((a, b) => a.entry.seq - b.entry.seq);
    }
    return entry;
  }

  /** An optional answer that is asked for; also when the rest of the past is used up. */
  nextUrgent(): { readonly operation: Operation; readonly entry: PastEntry } | undefined {
    return this.#urgent.shift();
  }

  next(): ReplayStep {
    const { entries } = this.#history;
    while (entries[this.#position]?.isOptional) this.#position += 1;
    const entry = entries[this.#position];
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

  /** The first entry that the code has left out when it ends, or undefined. */
  leftOut(): PastEntry | undefined {
    return this.#history.entries
      .slice(this.#position)
      .find((entry) => !entry.isOptional && !this.#operations.has(entry.key));
  }
}

/** Describes a recorded entry that the code no longer asks for, and what it asks for instead. */
export function differenceText(history: History, left: PastEntry, operations: ReadonlyMap<string, Operation>): string {
  const place = history.entries.findIndex((entry) => entry.key === left.key) + 1;
  const instead = [...operations.keys()].find((key) => !history.byKey.has(key));
  const now = instead === undefined ? "the code no longer asks for it" : `the code now asks for "${instead}"`;
  return `Step ${place} was "${left.key}"; ${now}`;
}
