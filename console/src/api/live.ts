import type { RunPatch, StreamEvents } from "@wire/stream.ts";

/**
 * One live stream for all tabs of this browser, because a browser allows six connections per origin and each stream holds
 * one. The tab that holds the lock opens the stream and broadcasts its events. When that tab closes, another takes over
 * and continues after the last event. Hidden tabs subscribe to nothing.
 */
export type LiveState = "connecting" | "live" | "paused" | "reconnecting" | "polling";

export interface LiveStatus {
  readonly state: LiveState;
  /** Time of the last stream event, ms; the data shown is at least this recent. */
  readonly receivedAt: number;
}

export interface LiveEvents {
  /** A run changed its state or recorded a result. */
  changed(patch: RunPatch): void;
  /** Too many runs changed to report each one. */
  burst(count: number): void;
  /** Events may have been missed: refetch everything. */
  reset(): void;
}

type ChannelMessage =
  | { readonly kind: "event"; readonly type: keyof StreamEvents; readonly data: unknown; readonly id: string }
  | { readonly kind: "status"; readonly status: LiveStatus }
  | { readonly kind: "topics"; readonly tab: string; readonly topics: readonly string[] }
  | { readonly kind: "topics-request" };

const channelName = "baton-live";
const failuresMax = 3;
const pollMs = 5_000;
/** A tab that has not sent its topics for this long is considered closed. */
const topicsAgeMaxMs = 20_000;

export class Live {
  readonly #tab = crypto.randomUUID?.() ?? String(Math.random());
  readonly #listeners = new Set<LiveEvents>();
  readonly #watchers = new Set<() => void>();
  readonly #topics = new Map<string, number>();
  readonly #others = new Map<string, { topics: readonly string[]; at: number }>();
  readonly #channel = new BroadcastChannel(channelName);
  #status: LiveStatus = { state: "connecting", receivedAt: Date.now() };
  #source: EventSource | null = null;
  #openTopics = "";
  #lastId: string | null = null;
  #failures = 0;
  #isLeader = false;
  #isPaused = false;
  #retryTimer: number | undefined;
  #updateTimer: number | undefined;

  start(): void {
    this.#channel.onmessage = ({ data }: MessageEvent<ChannelMessage>) => this.#receive(data);
    document.addEventListener("visibilitychange", () => {
      this.#scheduleUpdate();
      // Events that arrived while this tab was hidden were not delivered to it.
      if (!document.hidden) for (const listener of this.#listeners) listener.reset();
    });
    addEventListener("pagehide", () => this.#broadcast({ kind: "topics", tab: this.#tab, topics: [] }));
    setInterval(() => this.#sendTopics(), topicsAgeMaxMs / 2);
    this.#sendTopics();
    void this.#lead();
  }

  get status(): LiveStatus {
    return this.#isPaused ? { ...this.#status, state: "paused" } : this.#status;
  }

  /** Calls the listener when the status changes. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  listen(listener: LiveEvents): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Subscribes to a topic; the returned function unsubscribes. */
  subscribe(topic: string): () => void {
    this.#topics.set(topic, (this.#topics.get(topic) ?? 0) + 1);
    this.#scheduleUpdate();
    return () => {
      const left = (this.#topics.get(topic) ?? 1) - 1;
      if (left > 0) this.#topics.set(topic, left);
      else this.#topics.delete(topic);
      this.#scheduleUpdate();
    };
  }

  /** Pauses or resumes updates in this tab only. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#notify();
    this.#scheduleUpdate();
    if (!isPaused) for (const listener of this.#listeners) listener.reset();
  }

  async #lead(): Promise<void> {
    const lead = (): Promise<never> => {
      this.#isLeader = true;
      this.#broadcast({ kind: "topics-request" });
      this.#scheduleUpdate();
      return new Promise<never>(() => {});
    };
    // Locks exist only on secure origins; elsewhere each tab has its own stream.
    if (navigator.locks === undefined) await lead();
    else await navigator.locks.request(channelName, lead);
  }

  /** Called when this tab's topics change. Delayed, so that a page change counts as one change. */
  #scheduleUpdate(): void {
    clearTimeout(this.#updateTimer);
    this.#updateTimer = window.setTimeout(() => {
      this.#sendTopics();
      if (this.#isLeader) this.#connect();
    }, 50);
  }

  #ownTopics(): readonly string[] {
    return document.hidden || this.#isPaused ? [] : [...this.#topics.keys()];
  }

  #sendTopics(): void {
    this.#broadcast({ kind: "topics", tab: this.#tab, topics: this.#ownTopics() });
  }

  #connect(): void {
    const now = Date.now();
    for (const [tab, { at }] of this.#others) if (now - at > topicsAgeMaxMs) this.#others.delete(tab);
    const topics = new Set([...this.#ownTopics(), ...[...this.#others.values()].flatMap((other) => other.topics)]);
    const topicList = [...topics].sort().join(",");
    if (topicList === this.#openTopics && (this.#source !== null || topicList === "")) return;
    this.#close();
    this.#openTopics = topicList;
    if (topicList === "") return;
    const after = this.#lastId === null ? "" : `&after=${this.#lastId}`;
    const source = new EventSource(`/api/stream?topics=${encodeURIComponent(topicList)}${after}`);
    this.#source = source;
    for (const type of ["ready", "run.changed", "runs.changed", "reset"] as const) {
      source.addEventListener(type, (event: MessageEvent<string>) => {
        const message: ChannelMessage = { kind: "event", type, data: JSON.parse(event.data), id: event.lastEventId };
        this.#broadcast(message);
        this.#receive(message);
      });
    }
    source.onerror = () => this.#onError(source);
  }

  #onError(source: EventSource): void {
    if (source !== this.#source) return;
    this.#failures += 1;
    this.#setStatus({ ...this.#status, state: this.#failures >= failuresMax ? "polling" : "reconnecting" });
    // A browser does not reconnect after a response that is not a stream, such as an error, so it is done here.
    source.close();
    this.#source = null;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = window.setTimeout(
      () => {
        if (this.#failures >= failuresMax && !document.hidden) {
          const message: ChannelMessage = { kind: "event", type: "reset", data: {}, id: "" };
          this.#broadcast(message);
          this.#deliver(message);
        }
        this.#connect();
      },
      this.#failures >= failuresMax ? pollMs : 1_000,
    );
  }

  #close(): void {
    clearTimeout(this.#retryTimer);
    this.#source?.close();
    this.#source = null;
  }

  #broadcast(message: ChannelMessage): void {
    this.#channel.postMessage(message);
  }

  #receive(message: ChannelMessage): void {
    switch (message.kind) {
      case "event":
        if (message.id !== "") this.#lastId = message.id;
        this.#failures = 0;
        this.#setStatus({ state: "live", receivedAt: Date.now() });
        this.#deliver(message);
        return;
      case "status":
        this.#applyStatus(message.status);
        return;
      case "topics-request":
        this.#sendTopics();
        return;
      case "topics":
        this.#others.set(message.tab, { topics: message.topics, at: Date.now() });
        if (!this.#isLeader) return;
        this.#broadcast({ kind: "status", status: this.#status });
        this.#connect();
    }
  }

  #deliver({ type, data }: { type: keyof StreamEvents; data: unknown }): void {
    if (this.#isPaused || document.hidden) return;
    for (const listener of [...this.#listeners]) {
      if (type === "run.changed") listener.changed(data as RunPatch);
      else if (type === "runs.changed") listener.burst((data as StreamEvents["runs.changed"]).count);
      else if (type === "reset") listener.reset();
    }
  }

  /** Sets the status; the leader also sends it to the other tabs. */
  #setStatus(status: LiveStatus): void {
    if (status.state !== this.#status.state && this.#isLeader) this.#broadcast({ kind: "status", status });
    this.#applyStatus(status);
  }

  #applyStatus(status: LiveStatus): void {
    const isNew = status.state !== this.#status.state;
    this.#status = status;
    if (isNew) this.#notify();
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** The live stream of this page. */
export const live = new Live();
