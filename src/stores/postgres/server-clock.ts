import type { RunNumbers, StoreClock } from "../sql/context.ts";
import { done, type Work } from "../sql/work.ts";
import { asked } from "./statements.ts";

/** Store time is the server's. Each transaction has one time, given by the server. */
export class ServerClock implements StoreClock {
  #at = 0;

  /** Sets the time of the transaction that begins. */
  set(at: number): void {
    this.#at = at;
  }

  now(): number {
    return this.#at;
  }

  *save(): Work<number> {
    const row = yield* asked.get<{ at: number }>("select baton_save_now() as at");
    this.#at = row?.at ?? this.#at;
    return this.#at;
  }
}

/** The server's sequence never repeats a number. */
export const sequence: RunNumbers = {
  *next(): Work<number | null> {
    return (yield* asked.get<{ no: number }>("select nextval('runs_no_seq') as no"))?.no ?? null;
  },
  removed: () => done(undefined),
};

/** Numbers waits as `baton_commit` does. */
export function* nextWait(at: number): Work<number> {
  const row = yield* asked.get<{ n: number }>("select nextval('wait_numbers') as n");
  return at * 1000 + (row?.n ?? 0);
}
