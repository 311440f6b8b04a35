import type { RunNumbers, WaitNumbers } from "../sql/context.ts";
import { done, type Work } from "../sql/work.ts";
import type { Database } from "./database.ts";

/**
 * Run numbers are never reused, even if the newest run is removed, because rows that outlive a run, such as its
 * idempotency key, refer to its number.
 */
export class RowidNumbers implements RunNumbers {
  readonly #db: Database;
  /** The highest removed number; 0 as soon as a newer run exists, when nothing needs care. */
  #removed: number;

  constructor(db: Database) {
    this.#db = db;
    this.#removed = db.get<{ last_run: number }>("select last_run from clock")?.last_run ?? 0;
  }

  /** The number of the next run; null: the database assigns it. */
  next(): Work<number | null> {
    return done(this.#next());
  }

  #next(): number | null {
    if (this.#removed === 0) return null;
    if (this.#newest() <= this.#removed) return this.#removed + 1;
    this.#removed = 0;
    return null;
  }

  /** Call inside the transaction that removes the run. */
  *removed(no: number): Work<void> {
    if (this.#newest() > no) return;
    this.#removed = Math.max(this.#removed, no);
    this.#db.run("update clock set last_run = max(last_run, ?)", no);
  }

  #newest(): number {
    return this.#db.get<{ no: number | null }>("select max(no) as no from runs")?.no ?? 0;
  }
}

/** Wait numbers of one process. */
export function waitNumbers(): WaitNumbers {
  let count = 0;
  return (at) => {
    count = (count + 1) % 1000;
    return done(at * 1000 + count);
  };
}
