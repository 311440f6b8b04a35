import type { History, PastEntry } from "../decide/history.ts";
import type { Ask } from "./ask.ts";

/** Turns of waiting for code that awaits something of its own: the first few at once, the rest 10 ms apart, 10 s in all. */
const stuckTurnsMax = 1_000;
const quickTurns = 3;

export type ReplayStep =
  /** The code gets this answer. */
  | { readonly kind: "answer"; readonly ask: Ask; readonly entry: PastEntry }
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
  readonly #asks: ReadonlyMap<string, Ask>;
  readonly #urgent: { ask: Ask; entry: PastEntry }[] = [];
  #position = 0;
  #stuckTurns = 0;

  constructor(history: History, asks: ReadonlyMap<string, Ask>) {
    this.#history = history;
    this.#asks = asks;
  }

  /** What is recorded under a key, or undefined. An optional entry is put in front. */
  expect(ask: Ask): PastEntry | undefined {
    const entry = this.#history.byKey.get(ask.key);
    if (entry?.isOptional && entry.kind === ask.kind) {
      this.#urgent.push({ ask, entry });
      this.#urgent.sort((a, b) => a.entry.seq - b.entry.seq);
    }
    return entry;
  }

  /** An optional answer that is asked for; also when the rest of the past is used up. */
  nextUrgent(): { readonly ask: Ask; readonly entry: PastEntry } | undefined {
    return this.#urgent.shift();
  }

  next(): ReplayStep {
    const { entries } = this.#history;
    while (entries[this.#position]?.isOptional) this.#position += 1;
    const entry = entries[this.#position];
    if (entry === undefined) return { kind: "caught-up" };
    const ask = this.#asks.get(entry.key);
    if (ask !== undefined) {
      this.#position += 1;
      this.#stuckTurns = 0;
      return { kind: "answer", ask, entry };
    }
    this.#stuckTurns += 1;
    if (this.#stuckTurns > stuckTurnsMax) return { kind: "diverged", entry };
    return { kind: "wait", isSoon: this.#stuckTurns <= quickTurns };
  }

  /** The first entry that the code has left out when it ends, or undefined. */
  leftOut(): PastEntry | undefined {
    return this.#history.entries.slice(this.#position).find((entry) => !entry.isOptional && !this.#asks.has(entry.key));
  }
}

/** Describes a recorded entry that the code does not ask for any more, and what it asks for instead. */
export function differenceText(history: History, left: PastEntry, asks: ReadonlyMap<string, Ask>): string {
  const place = history.entries.findIndex((entry) => entry.key === left.key) + 1;
  const instead = [...asks.keys()].find((key) => !history.byKey.has(key));
  const now = instead === undefined ? "the code no longer asks for it" : `the code now asks for "${instead}"`;
  return `Step ${place} was "${left.key}"; ${now}`;
}
