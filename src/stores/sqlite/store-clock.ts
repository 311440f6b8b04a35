import type { StoreClock } from "../sql/context.ts";
import type { Work } from "../sql/work.ts";
import type { Database } from "./database.ts";

/**
 * Store time: the later of the machine's clock and the last stored time, so that it never goes back. If the clock was
 * set back, store time continues at the clock's pace; if it stopped until the clock caught up, no timer would fire
 * meanwhile. The row is written only when a lease is renewed, never on the hot path.
 */
export class MachineClock implements StoreClock {
  readonly #db: Database;
  readonly #now: () => number;
  #last: number;
  /** The last value read from the machine's clock. */
  #seen: number;

  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#now = now;
    this.#last = db.get<{ last_at: number }>("select last_at from clock")?.last_at ?? 0;
    this.#seen = Math.floor(now());
  }

  now(): number {
    const at = Math.floor(this.#now());
    if (at > this.#last) this.#last = at;
    else if (at > this.#seen) this.#last += at - this.#seen;
    this.#seen = at;
    return this.#last;
  }

  /** Call inside a transaction. */
  *save(): Work<number> {
    const at = this.now();
    this.#db.run("update clock set last_at = ? where last_at < ?", at, at);
    return at;
  }
}
