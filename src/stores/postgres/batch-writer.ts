import type { StoreError } from "../../kernel/model/errors.ts";
import { defaults } from "../../kernel/model/limits.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Advance, Outcome, Transition } from "../../kernel/model/transition.ts";
import type { Clock } from "../../kernel/ports/clock.ts";
import { newRun } from "../sql/new-run.ts";
import { Batch, commitText, encode, isBatchable, type Known, type Sender } from "./batch.ts";
import type { Connections } from "./connections.ts";
import { isPassing, toStoreError } from "./errors.ts";
import type { Pending } from "./pending.ts";

export interface BatchWriterOptions {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly sender: Omit<Sender, "batch">;
  readonly shard: number;
  readonly known: Known;
  /** Applies one transition with the shared code. */
  applySpecially(pending: Pending): Promise<void>;
  /** Called with the effects of each committed batch. */
  onCommitted(news: News): void;
}

/** The effects of a batch that may have woken others. */
export interface News {
  readonly left: readonly { readonly run: number; readonly state: "parked" | "ready" | "completed" }[];
  readonly started: readonly { readonly run: number; readonly id: string; readonly isLeased: boolean }[];
  readonly arrivals: readonly number[];
  /** Number of child runs that were started. They are not leased. */
  readonly children: number;
}

interface CommitReply {
  what: number;
  ref: number;
  a: number;
  b: number;
}

/** Result codes of `baton_commit`. */
const what = { moment: 0, start: 1, refused: 2, unread: 3, notified: 4, event: 5, refusedEvent: 6 } as const;
const refusal = { stale: 1, busy: 2, special: 3, seen: 4, expired: 5 } as const;

/** A run that was locked this often in a row is handled by the shared code, which waits for the lock. */
const busyMax = 8;
const busyDelayMs = 2;
/** After this many serialization failures or deadlocks, a batch is halved, as if it could not be written. */
const passingMax = 5;

/**
 * Group commit: transitions that arrive while a batch is running are sent together in the next one. Each of the two
 * writers uses its own connection. A run always uses the same writer, so that its transitions keep their order.
 */
export class BatchWriter {
  readonly #parts: BatchWriterOptions;
  #queue: Pending[] = [];
  #batches = 0;
  #isAtWork = false;
  #isPlanned = false;
  /** Runs with a transition in the shared code. Their later transitions wait for it. */
  readonly #away = new Set<number>();

  constructor(parts: BatchWriterOptions) {
    this.#parts = parts;
  }

  get length(): number {
    return this.#queue.length;
  }

  add(pending: Pending): void {
    this.#queue.push(pending);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned || this.#isAtWork || this.#queue.length === 0) return;
    this.#isPlanned = true;
    // After this turn of the event loop, so that all transitions of the turn share one batch.
    this.#parts.clock.soon(() => {
      this.#isPlanned = false;
      if (!this.#isAtWork) this.#flush();
    });
  }

  #flush(): void {
    const { batch, members } = this.#take();
    if (members.length === 0) return;
    this.#isAtWork = true;
    this.#commit(batch, members)
      // On any error the callers are rejected and the writer continues.
      .catch((error: unknown) => reject(members, toStoreError(error)))
      .finally(() => {
        this.#isAtWork = false;
        this.#plan();
      });
  }

  /** Takes as much of the queue as one batch may hold, keeping the order of each run's transitions. */
  #take(): { batch: Batch; members: Pending[] } {
    const batch = new Batch();
    const members: Pending[] = [];
    const rest: Pending[] = [];
    const blocked = new Set<number>();
    let bytes = 0;
    for (const pending of this.#queue) {
      const { transition } = pending;
      const isFull = members.length >= batchMax || bytes >= batchBytesMax;
      const run = transition.kind === "advance" ? transition.run : null;
      if (isFull || (run !== null && (blocked.has(run) || this.#away.has(run)))) {
        if (run !== null) blocked.add(run);
        rest.push(pending);
      } else if (run !== null && this.#mustLearn(pending, run)) {
        blocked.add(run);
        rest.push(pending);
      } else if (pending.isSpecial || !isBatchable(transition, this.#parts.known)) {
        if (run !== null) blocked.add(run);
        if (run !== null && batch.runs.has(run)) rest.push(pending);
        else this.#sendAway(pending, run);
      } else if (transition.kind === "start") {
        batch.addStart(transition);
        members.push(pending);
        bytes += transition.input?.length ?? 0;
      } else if (addTo(batch, transition)) {
        members.push(pending);
        bytes += transition.kind === "advance" ? bytesOf(transition) : 0;
      } else {
        if (run !== null) blocked.add(run);
        rest.push(pending);
      }
    }
    this.#queue = rest;
    return { batch, members };
  }

  /** Whether the transition must wait until the shapes of its event waits are known. */
  #mustLearn({ transition }: Pending, run: number): boolean {
    if (transition.kind !== "advance" || transition.opens === undefined) return false;
    const learning = this.#parts.known.shapes.pendingOf(transition.opens);
    if (learning === null) return false;
    this.#away.add(run);
    learning.finally(() => {
      this.#away.delete(run);
      this.#plan();
    });
    return true;
  }

  #sendAway(pending: Pending, run: number | null): void {
    if (run !== null) this.#away.add(run);
    const applied = this.#parts.applySpecially(pending);
    this.#learnFrom(pending, applied);
    applied.finally(() => {
      if (run !== null) this.#away.delete(run);
      this.#plan();
    });
  }

  /** The shared code adds the shapes of new paths. Reads them, so that the next such wait is batchable. */
  #learnFrom({ transition }: Pending, applied: Promise<void>): void {
    const { shapes } = this.#parts.known;
    if (transition.kind === "event") void shapes.ask(transition.event.name, applied);
    if (transition.kind !== "advance") return;
    for (const wait of transition.opens ?? [])
      if (wait.kind === "event" && shapes.hashOfWait(wait) === null) void shapes.ask(wait.name ?? "", applied);
  }

  /** Puts transitions back at the front of the queue, in order. */
  #putBack(members: readonly Pending[]): void {
    this.#queue = [...members, ...this.#queue];
  }

  async #commit(batch: Batch, members: readonly Pending[], tries = 0): Promise<void> {
    let answers: readonly CommitReply[];
    try {
      answers = await this.#send(batch);
    } catch (error) {
      return this.#failed(batch, members, error, tries);
    }
    const refused = answers.filter(({ what: kind }) => kind === what.refused || kind === what.refusedEvent);
    if (refused.length === 0) return this.#settle(members, answers);
    // Nothing was written: the others are sent again at once, without the refused ones.
    const kept = this.#refuse(batch, members, refused);
    if (kept.length > 0) await this.#again(kept, 0);
  }

  #send(batch: Batch): Promise<readonly CommitReply[]> {
    const { connections, shard, known } = this.#parts;
    const { schema } = connections;
    this.#batches += 1;
    const sender = { ...this.#parts.sender, batch: this.#batches };
    const parameters = encode(batch, { sender, shard, schema, known });
    const text = commitText(schema, parameters);
    return connections.use(async (client) => (await client.query<CommitReply>(text, [...parameters])).rows);
  }

  #again(members: readonly Pending[], tries: number): Promise<void> {
    const batch = new Batch();
    for (const { transition } of members) {
      if (transition.kind === "start") batch.addStart(transition);
      else addTo(batch, transition);
    }
    return this.#commit(batch, members, tries);
  }

  /** A batch that cannot be written is halved until the offending run is alone and can be rejected. */
  async #failed(batch: Batch, members: readonly Pending[], error: unknown, tries: number): Promise<void> {
    if (isPassing(error) && tries < passingMax && batch.size > 1) return this.#again(members, tries + 1);
    const storeError = toStoreError(error);
    if (storeError.code === "unavailable" || storeError.code === "unknown-outcome") return reject(members, storeError);
    if (batch.size === 1) {
      // The shared code reports the exact error, or succeeds.
      for (const pending of members) pending.isSpecial = true;
      this.#putBack(members);
      return;
    }
    const ownerOf = ({ transition }: Pending): unknown => (transition.kind === "advance" ? transition.run : transition);
    const owners = [...new Set(members.map(ownerOf))];
    const first = new Set(owners.slice(0, Math.ceil(owners.length / 2)));
    await this.#again(
      members.filter((pending) => first.has(ownerOf(pending))),
      0,
    );
    await this.#again(
      members.filter((pending) => !first.has(ownerOf(pending))),
      0,
    );
  }

  /** Handles refused transitions. Returns the others. */
  #refuse(batch: Batch, members: readonly Pending[], answers: readonly CommitReply[]): Pending[] {
    const whys = whysOf(batch, members, answers);
    const kept: Pending[] = [];
    const later: Pending[] = [];
    for (const pending of members) {
      const { transition } = pending;
      const why = whys.get(transition.kind === "advance" ? transition.run : transition);
      if (why === undefined) kept.push(pending);
      else if (why === refusal.stale) pending.resolve({ ok: false, why: "stale" });
      else if (why === refusal.expired) pending.resolve({ ok: false, why: "unread" });
      else {
        pending.busyCount += 1;
        pending.isSpecial ||= why !== refusal.busy || pending.busyCount > busyMax;
        later.push(pending);
      }
    }
    if (later.length > 0) this.#putBackLater(later);
    return kept;
  }

  #putBackLater(members: readonly Pending[]): void {
    const runs = members.flatMap(({ transition }) => (transition.kind === "advance" ? [transition.run] : []));
    for (const run of runs) this.#away.add(run);
    const isWaiting = members.some((pending) => !pending.isSpecial);
    this.#putBack(members);
    this.#parts.clock.after(isWaiting ? busyDelayMs : 0, () => {
      for (const run of runs) this.#away.delete(run);
      this.#plan();
    });
  }

  #settle(members: readonly Pending[], answers: readonly CommitReply[]): void {
    const at = answers.find((answer) => answer.what === what.moment)?.ref ?? 0;
    const unread = new Set(answers.filter((answer) => answer.what === what.unread).map((answer) => answer.ref));
    const made = new Map(answers.filter((answer) => answer.what === what.start).map((answer) => [answer.ref, answer]));
    const accepted = new Map(
      answers.filter((answer) => answer.what === what.event).map((answer) => [answer.ref, answer]),
    );
    const left: News["left"][number][] = [];
    const started: News["started"][number][] = [];
    let place = 0;
    let eventPlace = 0;
    for (const pending of members) {
      const { transition } = pending;
      if (transition.kind === "start") {
        place += 1;
        const answer = made.get(place);
        if (answer === undefined) throw new Error("a start has no answer");
        started.push({ run: answer.a, id: transition.id, isLeased: answer.b > 0 });
        pending.resolve(startOutcome(transition, answer, at));
      } else if (transition.kind === "event") {
        eventPlace += 1;
        const { a: event, b: matched } = accepted.get(eventPlace) ?? { a: 0, b: 0 };
        pending.resolve({ ok: true, at, event, id: transition.event.id, matched, isDuplicate: false, try: null });
      } else if (transition.kind === "advance") {
        const state = transition.next?.state;
        const isUnread = state === "parked" && unread.has(transition.run);
        if (!isUnread && (state === "parked" || state === "ready" || state === "completed"))
          left.push({ run: transition.run, state });
        pending.resolve({ ok: true, at, isUnread });
      }
    }
    const arrivals = answers.filter((answer) => answer.what === what.notified).map((answer) => answer.ref);
    const children = [...made.values()].filter(({ ref }) => ref > place);
    this.#parts.onCommitted({ left, started, arrivals, children: children.length });
  }

  /** Rejects everything in the queue. */
  fail(error: StoreError): void {
    reject(this.#queue.splice(0), error);
  }
}

/** False: the transition must wait for the next batch. */
function addTo(batch: Batch, transition: Transition): boolean {
  if (transition.kind === "advance") return batch.addAdvance(transition);
  return transition.kind === "event" && batch.addEvent(transition);
}

/** Reasons of refusals, by run, or by transition if it has no run. */
function whysOf(batch: Batch, members: readonly Pending[], answers: readonly CommitReply[]): Map<unknown, number> {
  const { children } = batch;
  const startsAndEvents = members.map((pending) => pending.transition);
  const starts = startsAndEvents.filter((transition) => transition.kind === "start");
  const events = startsAndEvents.filter((transition) => transition.kind === "event");
  return new Map<unknown, number>(
    answers.map(({ what: kind, ref, a: why }): [unknown, number] => {
      if (kind === what.refusedEvent) return [events[ref - 1], why];
      if (why !== refusal.seen) return [ref, why];
      // The idempotency key of a child exists already: its parent's transition takes the shared code.
      return ref > starts.length ? [children[ref - 1 - starts.length]?.run, why] : [starts[ref - 1], why];
    }),
  );
}

function startOutcome(start: StartRun, { a: no, b: leased }: CommitReply, at: number): Outcome {
  return { ok: true, at, run: newRun(start, no, leased, at), isCreated: true, isLeased: leased > 0 };
}

function reject(members: readonly Pending[], error: StoreError): void {
  for (const pending of members) pending.reject(error);
}

function bytesOf(advance: Advance): number {
  let bytes = 0;
  for (const entry of advance.entries ?? []) bytes += (entry.value?.length ?? 0) + (entry.input?.length ?? 0);
  return bytes;
}

/**
 * Two writers with batches of this size keep both Baton and the server busy. Larger batches were measured no faster and
 * increase every latency.
 */
const batchMax = defaults.batchMax * 4;
const batchBytesMax = 1024 * 1024;
