import type { Database } from "./database.ts";

/** What one transaction has looked up already: a batch of a thousand starts asks once. Empty when a transaction begins. */
export class Scratch {
  #lastEvent: number | null = null;
  readonly #leases = new Map<number, number>();
  #waits = 0;

  clear(): void {
    this.#lastEvent = null;
    this.#leases.clear();
  }

  /** Number of the newest event. */
  lastEvent(db: Database): number {
    this.#lastEvent ??= db.get<{ n: number | null }>("select max(no) as n from events")?.n ?? 0;
    return this.#lastEvent;
  }

  eventAdded(no: number): void {
    this.#lastEvent = no;
  }

  /** Whether a worker's lease still runs. */
  isAlive(db: Database, incarnation: number, at: number): boolean {
    let expiresAt = this.#leases.get(incarnation);
    if (expiresAt === undefined) {
      const row = db.get<{ expires_at: number }>(
        "select expires_at from workers where incarnation = ? and is_dead = 0",
        incarnation,
      );
      expiresAt = row?.expires_at ?? 0;
      this.#leases.set(incarnation, expiresAt);
    }
    return expiresAt > at;
  }

  /** A number that rises with every wait: store time first, so that it also rises over restarts. */
  nextWait(at: number): number {
    this.#waits = (this.#waits + 1) % 1000;
    return at * 1000 + this.#waits;
  }
}
