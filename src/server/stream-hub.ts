import { BatonError } from "../kernel/model/errors.ts";
import { describeReason } from "../kernel/model/reason.ts";
import type { RunRow } from "../kernel/model/run.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Change, Hint } from "../kernel/ports/notifier.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { RunPatch, StreamEvents } from "../wire/stream.ts";
import { RunWatch } from "./run-watch.ts";
import { reasonView } from "./views/reason.ts";
import { isoOrNull } from "./views/time.ts";

/** A source of run changes. It costs nothing while it has no subscribers. */
export interface ChangeFeed {
  subscribe(listener: (hint: Hint) => void): () => void;
  watch(isWatched: boolean): void;
}

/** The subscription of a listener: the list of all runs, single runs, or both. */
export interface Interest {
  readonly list: boolean;
  /** Numbers of the runs. */
  readonly runs: ReadonlySet<number>;
}

interface Sent {
  readonly seq: number;
  readonly text: string;
  /** The affected run; null for the list as a whole. */
  readonly run: number | null;
  /** Only results, for listeners that follow the run, not for lists. */
  readonly isDetail: boolean;
}

interface Listener {
  readonly interest: Interest;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
}

/** Changes are batched for this time; the latest of each run wins. */
const gatherMs = 200;
/** If a batch has more runs than this, only their number is sent: a burst of thousands must cost next to nothing. */
const singlesMax = 25;
/** Number of sent events kept for listeners that reconnect. */
const ringMax = 1_000;
/** Interval of keep-alives: proxies close silent connections. */
const heartbeatMs = 15_000;
/** A listener that reconnects within this time misses nothing. */
const lingerMs = 30_000;
/** A listener that lags behind by more events is disconnected, and resumes. */
const lagMax = 256;
const listenersMax = 200;

const bytes = new TextEncoder();

/**
 * The live stream: hints of the store, batched, numbered and sent to all listeners. Numbers start at the process's
 * start time, so that they also rise from one process to the next. An id from before a restart is older than anything
 * kept here, and its client is asked to read everything again.
 */
export class StreamHub {
  readonly #store: Store;
  readonly #feed: ChangeFeed;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();
  readonly #pending = new Map<number, Change>();
  #ring: Sent[] = [];
  #seq: number;
  /** The ring contains everything sent after this number. */
  #floor: number;
  #unsubscribe: (() => void) | null = null;
  readonly #watch: RunWatch;
  #stopGathering: (() => void) | null = null;
  #stopBeating: (() => void) | null = null;
  #stopLingering: (() => void) | null = null;
  #isClosed = false;

  constructor(store: Store, feed: ChangeFeed, clock: Clock) {
    this.#store = store;
    this.#feed = feed;
    this.#clock = clock;
    this.#seq = clock.now() * 1_000;
    this.#floor = this.#seq;
    this.#watch = new RunWatch(store, clock, (rows) => {
      for (const row of rows) this.#publish("run.changed", patchOf(row), row.no, true);
    });
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** A stream of events after `lastSeq`, or from now on. */
  open(interest: Interest, lastSeq: number | null): ReadableStream<Uint8Array> {
    if (this.#isClosed || this.#listeners.size >= listenersMax) {
      throw new BatonError("unavailable", `too many live streams: ${this.#listeners.size} are open`, {
        hint: "close some, or poll instead",
      });
    }
    let listener: Listener;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          listener = { interest, controller };
          this.#listeners.add(listener);
          this.#begin();
          this.#follow();
          this.#greet(listener, lastSeq);
        },
        cancel: () => this.#drop(listener),
      },
      { highWaterMark: lagMax },
    );
  }

  /** Ends all streams. */
  close(): void {
    this.#isClosed = true;
    for (const listener of [...this.#listeners]) this.#cut(listener);
    this.#end();
  }

  #greet(listener: Listener, lastSeq: number | null): void {
    this.#write(listener, "retry: 2000\n\n");
    if (lastSeq !== null) {
      if (lastSeq < this.#floor || lastSeq > this.#seq) this.#write(listener, frame(this.#seq, "reset", {}));
      else
        for (const sent of this.#ring)
          if (sent.seq > lastSeq && wants(listener, sent)) this.#write(listener, sent.text);
    }
    this.#write(listener, frame(this.#seq, "ready", {}));
  }

  #begin(): void {
    this.#stopLingering?.();
    this.#stopLingering = null;
    if (this.#unsubscribe !== null) return;
    this.#unsubscribe = this.#feed.subscribe((hint) => {
      for (const change of hint.changed ?? []) this.#take(change);
    });
    this.#feed.watch(true);
    this.#beat();
  }

  #end(): void {
    if (this.#unsubscribe === null) return;
    this.#feed.watch(false);
    this.#unsubscribe();
    this.#unsubscribe = null;
    for (const stop of [this.#stopGathering, this.#stopBeating, this.#stopLingering]) stop?.();
    this.#stopGathering = null;
    this.#stopLingering = null;
    this.#pending.clear();
    // Later changes are not recorded: clients that reconnect must read everything again.
    this.#ring = [];
    this.#seq += 1;
    this.#floor = this.#seq;
  }

  #follow(): void {
    this.#watch.follow(this.#followed());
  }

  #followed(): ReadonlySet<number> {
    return new Set([...this.#listeners].flatMap(({ interest }) => [...interest.runs]));
  }

  #take(change: Change): void {
    this.#watch.stir(change.no);
    this.#pending.set(change.no, change);
    this.#stopGathering ??= this.#clock.after(gatherMs, () => void this.#flush());
  }

  async #flush(): Promise<void> {
    const changes = [...this.#pending.keys()];
    this.#pending.clear();
    const followed = this.#followed();
    const isBurst = changes.length > singlesMax;
    const singles = isBurst ? changes.filter((no) => followed.has(no)) : changes;
    try {
      for (const no of singles) {
        const [row] = await this.#store.query("runsOf", { runs: [no] });
        if (row !== undefined) this.#publish("run.changed", patchOf(row), no);
      }
    } catch {
      // The store cannot be read now. Listeners are still notified that something changed.
      this.#publish("runs.changed", { count: singles.length }, null);
    }
    if (isBurst) this.#publish("runs.changed", { count: changes.length - singles.length }, null);
    this.#stopGathering =
      this.#pending.size === 0 || this.#isClosed ? null : this.#clock.after(gatherMs, () => void this.#flush());
  }

  #publish<K extends keyof StreamEvents>(event: K, data: StreamEvents[K], run: number | null, isDetail = false): void {
    // The listener left while the run was being read. Changes since then were not recorded, so nothing may be numbered
    // after it.
    if (this.#unsubscribe === null) return;
    this.#seq += 1;
    const sent: Sent = { seq: this.#seq, text: frame(this.#seq, event, data), run, isDetail };
    this.#ring.push(sent);
    if (this.#ring.length > ringMax) this.#floor = this.#ring.shift()?.seq ?? this.#floor;
    for (const listener of [...this.#listeners]) if (wants(listener, sent)) this.#write(listener, sent.text);
  }

  #beat(): void {
    this.#stopBeating = this.#clock.after(heartbeatMs, () => {
      for (const listener of [...this.#listeners]) this.#write(listener, ": beat\n\n");
      this.#beat();
    });
  }

  #write(listener: Listener, text: string): void {
    if ((listener.controller.desiredSize ?? 0) <= 0) return this.#cut(listener);
    listener.controller.enqueue(bytes.encode(text));
  }

  #cut(listener: Listener): void {
    try {
      listener.controller.close();
    } catch {
      // The other side closed it at the same time.
    }
    this.#drop(listener);
  }

  #drop(listener: Listener): void {
    if (!this.#listeners.delete(listener)) return;
    this.#follow();
    if (this.#listeners.size > 0 || this.#isClosed) return;
    this.#stopLingering = this.#clock.after(lingerMs, () => this.#end());
  }
}

function patchOf(row: RunRow): RunPatch {
  return {
    id: row.id,
    name: row.definition.name,
    status: row.status,
    reason: row.reason === null ? null : reasonView(row.reason),
    reasonText: row.reason === null ? null : describeReason(row.reason),
    endedAt: isoOrNull(row.endedAt),
    steps: row.stepsDone,
  };
}

function wants({ interest }: Listener, sent: Sent): boolean {
  return (interest.list && !sent.isDetail) || (sent.run !== null && interest.runs.has(sent.run));
}

function frame(seq: number, event: string, data: unknown): string {
  return `id: ${seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
