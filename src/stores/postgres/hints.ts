import pg from "pg";
import type { Clock } from "../../kernel/ports/clock.ts";
import type { Change, Hint, Notifier } from "../../kernel/ports/notifier.ts";
import type { Address } from "./address.ts";
import type { Connections } from "./connections.ts";

/**
 * How long hints are collected. A notification per commit would be queued one by one by the server. Hints that only
 * report status changes are for people and for callers that wait for a result, so they may be later: each notification
 * is a commit, and competes with runs for the log.
 */
const collectMs = 20;
const changesCollectMs = 150;
/** A notification has at most 8,000 bytes. What is left out is found by polling. */
const listMax = 80;
const payloadMax = 7_900;
const reconnectMs = 1_000;
const reconnectMaxMs = 15_000;

interface Message {
  /** The sender. A process ignores its own hints, which it has already published. */
  readonly from: string;
  readonly hint: Hint;
}

/**
 * Hints between processes, sent by NOTIFY outside of every commit. They only save time: without them, as behind a
 * pooler that keeps no sessions, the heartbeat finds ready runs.
 */
export class RemoteHints {
  readonly #address: Address;
  readonly #connections: Connections;
  readonly #clock: Clock;
  readonly #notifier: Notifier;
  readonly #from: string;
  #pending: { hint: Hint; arrivals: Set<number>; changed: Map<number, Change> } | null = null;
  #sendAt = Number.POSITIVE_INFINITY;
  #stopSending = (): void => {};
  #listener: pg.Client | null = null;
  #waitMs = reconnectMs;
  #isClosed = false;

  constructor(parts: {
    address: Address;
    connections: Connections;
    clock: Clock;
    notifier: Notifier;
    /** Identifies this process as a sender. */
    from: string;
  }) {
    this.#address = parts.address;
    this.#connections = parts.connections;
    this.#clock = parts.clock;
    this.#notifier = parts.notifier;
    this.#from = parts.from;
    void this.#listen();
  }

  get #channel(): string {
    return `${this.#address.schema}_hints`;
  }

  /** Sends a hint to the other processes soon, together with other pending hints. */
  notify(hint: Hint): void {
    this.#pending ??= { hint: {}, arrivals: new Set(), changed: new Map() };
    const isWork = hint.ready || hint.unrouted || hint.timers || (hint.arrivals?.length ?? 0) > 0;
    this.#sendIn(isWork ? collectMs : changesCollectMs);
    const { arrivals, changed } = this.#pending;
    this.#pending.hint = {
      ready: this.#pending.hint.ready === true || hint.ready === true,
      unrouted: this.#pending.hint.unrouted === true || hint.unrouted === true,
      timers: this.#pending.hint.timers === true || hint.timers === true,
    };
    for (const run of hint.arrivals ?? []) if (arrivals.size < listMax) arrivals.add(run);
    for (const change of hint.changed ?? [])
      if (changed.size < listMax || changed.has(change.no)) changed.set(change.no, change);
  }

  #sendIn(ms: number): void {
    const at = this.#clock.mono() + ms;
    if (at >= this.#sendAt) return;
    this.#stopSending();
    this.#sendAt = at;
    this.#stopSending = this.#clock.after(ms, () => this.#send());
  }

  #send(): void {
    const pending = this.#pending;
    this.#pending = null;
    this.#sendAt = Number.POSITIVE_INFINITY;
    if (pending === null || this.#isClosed) return;
    const hint: Hint = { ...pending.hint, arrivals: [...pending.arrivals], changed: [...pending.changed.values()] };
    let payload = JSON.stringify({ from: this.#from, hint } satisfies Message);
    if (payload.length > payloadMax)
      payload = JSON.stringify({ from: this.#from, hint: pending.hint } satisfies Message);
    // A lost hint costs a second.
    this.#connections
      .use((client) => client.query("select pg_notify($1, $2)", [this.#channel, payload]))
      .catch(() => undefined);
  }

  async #listen(): Promise<void> {
    if (this.#isClosed) return;
    const client = new pg.Client({
      connectionString: this.#address.url,
      keepAlive: true,
      application_name: "baton hints",
    });
    this.#listener = client;
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      client.end().catch(() => undefined);
      this.#clock.after(this.#waitMs, () => void this.#listen());
      this.#waitMs = Math.min(this.#waitMs * 2, reconnectMaxMs);
    };
    client.on("error", over);
    client.on("end", over);
    client.on("notification", ({ payload }) => this.#receive(payload ?? ""));
    try {
      await client.connect();
      await client.query(`listen "${this.#channel}"`);
      this.#waitMs = reconnectMs;
      // Covers hints that were sent while not listening.
      this.#notifier.publish({ ready: true, unrouted: true, timers: true });
    } catch {
      over();
    }
  }

  #receive(payload: string): void {
    let message: Partial<Message> | null;
    try {
      message = JSON.parse(payload) as Partial<Message> | null;
    } catch {
      return;
    }
    // Any client of the database may send here, so only well-formed hints are accepted.
    const hint = message?.from === this.#from ? null : readHint(message?.hint);
    if (hint !== null) this.#notifier.publish(hint);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#listener?.end().catch(() => undefined);
  }
}

function readHint(given: unknown): Hint | null {
  if (typeof given !== "object" || given === null) return null;
  const { ready, unrouted, timers, arrivals, changed } = given as Record<string, unknown>;
  return {
    ready: ready === true,
    unrouted: unrouted === true,
    timers: timers === true,
    arrivals: Array.isArray(arrivals) ? arrivals.filter((run) => typeof run === "number") : [],
    changed: Array.isArray(changed) ? changed.filter(isChange) : [],
  };
}

function isChange(given: unknown): given is Change {
  const { no, id, status } = (given ?? {}) as Record<string, unknown>;
  return typeof no === "number" && typeof status === "string" && (id === null || typeof id === "string");
}
