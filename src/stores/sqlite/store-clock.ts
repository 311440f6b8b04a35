import type { StoreClock } from "../sql/context.ts";
import type { Work } from "../sql/work.ts";
import type { Database } from "./database.ts";

/**
 * Store time: the greater of the machine's clock and the last time stored, so that it never goes back. A clock that was
 * set back is followed by its pace alone: were time to stand still until it has caught up, no timer would end meanwhile.
 * The row is written by lease renewal only, and by nothing on the hot path.
 */
export class MachineClock implements StoreClock {
  readonly #db: Database;
  readonly #now: () => number;
  #last: number;
  /** The machine's clock when it was last read. */
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

  /** Inside a transaction. */
  *save(): Work<number> {
    const at = this.now();
    this.#db.run("update clock set last_at = ? where last_at < ?", at, at);
    return at;
  }
}
