import { type Database, done, type Work } from "./work.ts";

/**
 * Caches lookups within one transaction, so that a batch of a thousand starts reads once. Empty when a transaction
 * begins.
 */
export class Scratch {
  #lastEvent: number | null = null;
  readonly #leases = new Map<number, number>();

  clear(): void {
    this.#lastEvent = null;
    this.#leases.clear();
  }

  /** Number of the newest event. */
  lastEvent(db: Database): Work<number> {
    return this.#lastEvent === null ? this.#readLastEvent(db) : done(this.#lastEvent);
  }

  *#readLastEvent(db: Database): Work<number> {
    this.#lastEvent = (yield* db.get<{ n: number | null }>("select max(no) as n from events"))?.n ?? 0;
    return this.#lastEvent;
  }

  eventAdded(no: number): void {
    this.#lastEvent = no;
  }

  /** Whether a worker's lease is still valid. */
  isAlive(db: Database, incarnation: number, at: number): Work<boolean> {
    const expiresAt = this.#leases.get(incarnation);
    return expiresAt === undefined ? this.#readLease(db, incarnation, at) : done(expiresAt > at);
  }

  *#readLease(db: Database, incarnation: number, at: number): Work<boolean> {
    const row = yield* db.get<{ expires_at: number }>(
      "select expires_at from workers where incarnation = ? and is_dead = 0",
      incarnation,
    );
    const expiresAt = row?.expires_at ?? 0;
    this.#leases.set(incarnation, expiresAt);
    return expiresAt > at;
  }
}
