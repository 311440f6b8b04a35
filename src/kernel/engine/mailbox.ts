import type { Arrival } from "../model/journal.ts";
import type { WaitBook } from "./wait-book.ts";

/**
 * What others have sent to a held run. The same arrival may be read several times before an advance has marked it read;
 * a request among them is handed out once.
 */
export class Mailbox {
  #arrivals: Arrival[] = [];
  readonly #seen = new Set<number>();

  /** Takes arrivals in; returns the requests that are new. */
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
      // One that was handed out and whose wait is open again was refused by the store: it is handed out anew.
      const isWanted = isNew || waits.get(arrival.key ?? "") !== undefined;
      if (isWanted && !this.#arrivals.some((known) => known.id === arrival.id)) this.#arrivals.push(arrival);
    }
    return requests;
  }

  /** Hands what has arrived to the registered waits that it is for. */
  handOut(waits: WaitBook): void {
    if (this.#arrivals.length === 0) return;
    this.#arrivals = this.#arrivals.filter((arrival) => {
      const wait = arrival.key === null ? undefined : waits.get(arrival.key);
      if (wait?.operation.arrive === undefined || wait.dueAt === undefined) return true;
      wait.operation.arrive(arrival);
      return false;
    });
  }

  /** What nothing waits for when the run parks: read without effect. */
  takeUnread(): readonly number[] {
    const unread = this.#arrivals.map((arrival) => arrival.id);
    this.#arrivals = [];
    return unread;
  }
}
