import { hash53 } from "../stdx/hash.ts";

/** One fact of a simulated run, in the order of the store. `at` is the store's time. */
export type Fact =
  | { readonly type: "claim"; readonly run: number; readonly fence: number; readonly worker: number }
  | { readonly type: "beat"; readonly worker: number; readonly isAlive: boolean }
  | {
      readonly type: "commit";
      readonly run: number;
      readonly fence: number;
      readonly key: string;
      readonly seq: number;
      readonly outcome: string;
      readonly value: string | null;
    }
  | {
      readonly type: "attempt";
      readonly run: number;
      readonly key: string;
      readonly number: number;
      readonly outcome: string;
      readonly charged: boolean;
    }
  | { readonly type: "leave"; readonly run: number; readonly fence: number; readonly state: string }
  | { readonly type: "stale"; readonly run: number; readonly fence: number }
  | { readonly type: "move"; readonly run: number; readonly version: number }
  | {
      readonly type: "start";
      readonly process: number;
      readonly run: string;
      readonly key: string;
      readonly number: number;
      readonly fence: number;
      readonly idempotencyKey: string;
    }
  | {
      readonly type: "effect";
      readonly idempotencyKey: string;
      readonly run: string;
      readonly key: string;
      readonly value: string;
    }
  /** Author code that evaluates an event. `isHolder`: its process holds the event's current try. */
  | {
      readonly type: "evaluate";
      readonly process: number;
      readonly event: string;
      readonly what: "begin" | "end" | "crash";
      readonly tries: number;
      readonly isHolder: boolean;
    }
  /** More runs of a key were leased than its limit allows. */
  | { readonly type: "over"; readonly key: string; readonly limit: number; readonly active: number }
  | {
      readonly type: "client";
      readonly operation: string;
      readonly subject: string;
      readonly answer: "ok" | "info" | "refused";
    }
  | { readonly type: "process"; readonly process: number; readonly what: string };

export type Recorded = Fact & { readonly n: number; readonly at: number };

/** The history that the checker reads, and the hash that proves two runs of a seed equal. */
export class HistoryLog {
  readonly facts: Recorded[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(fact: Fact): void {
    this.facts.push({ ...fact, n: this.facts.length, at: this.#now() });
  }

  hash(): string {
    let hash = "";
    for (const fact of this.facts) hash = hash53(hash + JSON.stringify(fact));
    return hash;
  }

  tail(count: number): string {
    return this.facts
      .slice(-count)
      .map((fact) => JSON.stringify(fact))
      .join("\n");
  }
}
