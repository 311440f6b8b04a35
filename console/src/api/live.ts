import type { RunPatch, StreamEvents } from "@wire/stream.ts";

/**
 * The live stream, once for all tabs of this browser: a browser allows six connections to one origin, and each stream
 * holds one. Whoever has the lock opens it for all and passes on what it hears; when that tab goes, the next one takes
 * over and asks for what came after the last event. Hidden tabs want nothing.
 */
export type LiveState = "connecting" | "live" | "paused" | "away" | "polling";

export interface LiveStatus {
  readonly state: LiveState;
  /** When the last word came, ms; what is shown is at least as new. */
  readonly heardAt: number;
}

export interface LiveEvents {
  /** A run stands elsewhere, or has recorded a result. */
  changed(patch: RunPatch): void;
  /** So many that they are not told one by one. */
  burst(count: number): void;
  /** What happened meanwhile is not known: read everything again. */
  reset(): void;
}

type Word =
  | { readonly kind: "event"; readonly type: keyof StreamEvents; readonly data: unknown; readonly id: string }
  | { readonly kind: "status"; readonly status: LiveStatus }
  | { readonly kind: "topics"; readonly tab: string; readonly topics: readonly string[] }
  | { readonly kind: "who" };

const channelName = "baton-live";
const failuresMax = 3;
const pollMs = 5_000;
/** A tab that has not said for so long what it wants is gone. */
const topicsAgeMaxMs = 20_000;

export class Live {
  readonly #tab = crypto.randomUUID?.() ?? String(Math.random());
  readonly #listeners = new Set<LiveEvents>();
  readonly #watchers = new Set<() => void>();
  readonly #topics = new Map<string, number>();
  readonly #others = new Map<string, { topics: readonly string[]; at: number }>();
  readonly #channel = new BroadcastChannel(channelName);
  #status: LiveStatus = { state: "connecting", heardAt: Date.now() };
  #source: EventSource | null = null;
  #opened = "";
  #lastId: string | null = null;
  #failures = 0;
  #isLeader = false;
  #isPaused = false;
  #poll: number | undefined;
  #apply: number | undefined;

  start(): void {
    this.#channel.onmessage = ({ data }: MessageEvent<Word>) => this.#hear(data);
    document.addEventListener("visibilitychange", () => {
      this.#changed();
      // What other tabs heard while this one was hidden was not for it.
      if (!document.hidden) for (const listener of this.#listeners) listener.reset();
    });
    addEventListener("pagehide", () => this.#tell({ kind: "topics", tab: this.#tab, topics: [] }));
    setInterval(() => this.#say(), topicsAgeMaxMs / 2);
    this.#say();
    void this.#lead();
  }

  get status(): LiveStatus {
    return this.#isPaused ? { ...this.#status, state: "paused" } : this.#status;
  }

  /** Called when the status changes. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  listen(listener: LiveEvents): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Wants a topic for as long as nobody calls what it returns. */
  want(topic: string): () => void {
    this.#topics.set(topic, (this.#topics.get(topic) ?? 0) + 1);
    this.#changed();
    return () => {
      const left = (this.#topics.get(topic) ?? 1) - 1;
      if (left > 0) this.#topics.set(topic, left);
      else this.#topics.delete(topic);
      this.#changed();
    };
  }

  /** Of this tab: stops what it hears; the other tabs go on. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#notify();
    this.#changed();
    if (!isPaused) for (const listener of this.#listeners) listener.reset();
  }

  async #lead(): Promise<void> {
    const lead = (): Promise<never> => {
      this.#isLeader = true;
      this.#tell({ kind: "who" });
      this.#changed();
      return new Promise<never>(() => {});
    };
    // Locks exist on secure origins alone: elsewhere each tab has a stream of its own.
    if (navigator.locks === undefined) await lead();
    else await navigator.locks.request(channelName, lead);
  }

  /** What this tab wants has changed: after a moment, so that a change of page is one change. */
  #changed(): void {
    clearTimeout(this.#apply);
    this.#apply = window.setTimeout(() => {
      this.#say();
      if (this.#isLeader) this.#connect();
    }, 50);
  }

  #own(): readonly string[] {
    return document.hidden || this.#isPaused ? [] : [...this.#topics.keys()];
  }

  #say(): void {
    this.#tell({ kind: "topics", tab: this.#tab, topics: this.#own() });
  }

  #connect(): void {
    const now = Date.now();
    for (const [tab, { at }] of this.#others) if (now - at > topicsAgeMaxMs) this.#others.delete(tab);
    const topics = new Set([...this.#own(), ...[...this.#others.values()].flatMap((other) => other.topics)]);
    const wanted = [...topics].sort().join(",");
    if (wanted === this.#opened && (this.#source !== null || wanted === "")) return;
    this.#close();
    this.#opened = wanted;
    if (wanted === "") return;
    const after = this.#lastId === null ? "" : `&after=${this.#lastId}`;
    const source = new EventSource(`/api/stream?topics=${encodeURIComponent(wanted)}${after}`);
    this.#source = source;
    for (const type of ["ready", "run.changed", "runs.changed", "reset"] as const) {
      source.addEventListener(type, (event: MessageEvent<string>) => {
        const word: Word = { kind: "event", type, data: JSON.parse(event.data), id: event.lastEventId };
        this.#tell(word);
        this.#hear(word);
      });
    }
    source.onerror = () => this.#fail(source);
  }

  #fail(source: EventSource): void {
    if (source !== this.#source) return;
    this.#failures += 1;
    this.#set({ ...this.#status, state: this.#failures >= failuresMax ? "polling" : "away" });
    // A browser gives up on an answer that is no stream, such as a refusal; it is asked again all the same.
    source.close();
    this.#source = null;
    clearTimeout(this.#poll);
    this.#poll = window.setTimeout(
      () => {
        if (this.#failures >= failuresMax && !document.hidden) {
          const word: Word = { kind: "event", type: "reset", data: {}, id: "" };
          this.#tell(word);
          this.#deliver(word);
        }
        this.#connect();
      },
      this.#failures >= failuresMax ? pollMs : 1_000,
    );
  }

  #close(): void {
    clearTimeout(this.#poll);
    this.#source?.close();
    this.#source = null;
  }

  #tell(word: Word): void {
    this.#channel.postMessage(word);
  }

  #hear(word: Word): void {
    switch (word.kind) {
      case "event":
        if (word.id !== "") this.#lastId = word.id;
        this.#failures = 0;
        this.#set({ state: "live", heardAt: Date.now() });
        this.#deliver(word);
        return;
      case "status":
        this.#keep(word.status);
        return;
      case "who":
        this.#say();
        return;
      case "topics":
        this.#others.set(word.tab, { topics: word.topics, at: Date.now() });
        if (!this.#isLeader) return;
        this.#tell({ kind: "status", status: this.#status });
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

  /** Of the leader, who tells the others. */
  #set(status: LiveStatus): void {
    if (status.state !== this.#status.state && this.#isLeader) this.#tell({ kind: "status", status });
    this.#keep(status);
  }

  #keep(status: LiveStatus): void {
    const isNew = status.state !== this.#status.state;
    this.#status = status;
    if (isNew) this.#notify();
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** The one stream of this page. */
export const live = new Live();
