import type { Arrival } from "../model/journal.ts";
import type { WaitBook } from "./wait-book.ts";

/**
 * What others have sent to a held run. The same arrival may be read several times before an advance marks it as read; a
 * request is returned only once.
 */
export class Mailbox {
  #arrivals: Arrival[] = [];
  readonly #seen = new Set<number>();

  /** Adds arrivals. Returns the requests that are new. */
  receive(arrivals: readonly Arrival[], waits: WaitBook): readonly Arrival[] {
    const requests: Arrival[] = [];
    for (const arrival of arrivals) {
      const isForWait = arrival.kind === "event" || arrival.kind === "child";
      const isNew = !this.#seen.has(arrival.id);
      this.#seen.add(arrival.id);
      if (!isForWait) {
        if (isNew) requests.push(arrival);
        continue;
      }
      // If the wait of a delivered arrival is open again, the store refused the result: deliver it again.
      const isWanted = isNew || waits.get(arrival.key ?? "") !== undefined;
      if (isWanted && !this.#arrivals.some((known) => known.id === arrival.id)) this.#arrivals.push(arrival);
    }
    return requests;
  }

  /** Delivers arrivals to the registered waits that they are for. */
  deliver(waits: WaitBook): void {
    if (this.#arrivals.length === 0) return;
    this.#arrivals = this.#arrivals.filter((arrival) => {
      const wait = arrival.key === null ? undefined : waits.get(arrival.key);
      if (wait?.operation.arrive === undefined || wait.dueAt === undefined) return true;
      wait.operation.arrive(arrival);
      return false;
    });
  }

  /** Arrivals that nothing waits for when the run parks: marked as read without effect. */
  takeUnread(): readonly number[] {
    const unread = this.#arrivals.map((arrival) => arrival.id);
    this.#arrivals = [];
    return unread;
  }
}
