import type { RunNumbers, WaitNumbers } from "../sql/context.ts";
import { done, type Work } from "../sql/work.ts";
import type { Database } from "./database.ts";

/**
 * A run's number is never given twice, also when the newest run is removed: rows that outlive a run, such as its
 * idempotency key, name it by its number.
 */
export class RowidNumbers implements RunNumbers {
  readonly #db: Database;
  /** The newest removed one; 0 as soon as a newer run is there, and nothing has to be looked after. */
  #removed: number;

  constructor(db: Database) {
    this.#db = db;
    this.#removed = db.get<{ last_run: number }>("select last_run from clock")?.last_run ?? 0;
  }

  /** For the next run; null: what the database gives is right. */
  next(): Work<number | null> {
    return done(this.#next());
  }

  #next(): number | null {
    if (this.#removed === 0) return null;
    if (this.#newest() <= this.#removed) return this.#removed + 1;
    this.#removed = 0;
    return null;
  }

  /** Inside the transaction that removes it. */
  *removed(no: number): Work<void> {
    if (this.#newest() > no) return;
    this.#removed = Math.max(this.#removed, no);
    this.#db.run("update clock set last_run = max(last_run, ?)", no);
  }

  #newest(): number {
    return this.#db.get<{ no: number | null }>("select max(no) as no from runs")?.no ?? 0;
  }
}

/** Of one process. */
export function waitNumbers(): WaitNumbers {
  let count = 0;
  return (at) => {
    count = (count + 1) % 1000;
    return done(at * 1000 + count);
  };
}
