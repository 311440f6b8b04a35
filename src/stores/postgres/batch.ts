import type { Entry } from "../../kernel/model/journal.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type {
  AcceptEvent,
  Advance,
  AttemptClosing,
  LogLine,
  Transition,
  WaitOpening,
} from "../../kernel/model/transition.ts";
import { canonical } from "../../stdx/json.ts";
import { kindCode, outcomeCode } from "../sql/codes.ts";
import { numbers, texts, values } from "./array-text.ts";
import type { Shapes } from "./shapes.ts";
import { lockOf } from "./transactions.ts";

/**
 * The input of `baton_commit`: starts, events, and the transitions of each run merged into one.
 *
 * Transitions of a run are merged so that the server sees each row only once: of two updates of a row it would silently
 * apply only one.
 */
export class Batch {
  readonly starts: StartRun[] = [];
  readonly events: AcceptEvent[] = [];
  readonly runs = new Map<number, RunPart>();
  /** Event names that runs of this batch wait for, and names of its own events. */
  readonly waitNames = new Set<string>();
  readonly eventNames = new Set<string>();

  get size(): number {
    return this.starts.length + this.runs.size + this.events.length;
  }

  addStart(start: StartRun): void {
    this.starts.push(start);
  }

  /** False: it must wait for the next batch. A wait and its event would not see each other in the same batch. */
  addEvent(accept: AcceptEvent): boolean {
    if (this.waitNames.has(accept.event.name)) return false;
    this.eventNames.add(accept.event.name);
    this.events.push(accept);
    return true;
  }

  /** Children that runs of this batch start, with their parents. */
  get children(): readonly { readonly run: number; readonly start: StartRun }[] {
    return [...this.runs.values()].flatMap(({ run, starts }) => starts.map((start) => ({ run, start })));
  }

  /** False: it must wait for the next batch, since an earlier transition must be the run's last one in this batch. */
  addAdvance(advance: Advance): boolean {
    const names = (advance.opens ?? []).flatMap((wait) => (wait.kind === "event" ? [wait.name ?? ""] : []));
    if (names.some((name) => this.eventNames.has(name))) return false;
    if (!this.#add(advance)) return false;
    for (const name of names) this.waitNames.add(name);
    return true;
  }

  #add(advance: Advance): boolean {
    const part = this.runs.get(advance.run);
    if (part === undefined) {
      this.runs.set(advance.run, newPart(advance));
      return true;
    }
    // A transition that may be refused on its own needs its own batch, and so does one with another fence.
    const isAlone = part.next !== null || part.expires.length > 0 || advance.expires !== undefined;
    if (isAlone || part.fence !== advance.fence) return false;
    addTo(part, advance);
    return true;
  }
}

/** The merged transitions of one run. */
interface RunPart {
  readonly run: number;
  readonly fence: number;
  next: Advance["next"] | null;
  readonly entries: Entry[];
  readonly attempts: AttemptClosing[];
  readonly opens: Map<string, WaitOpening>;
  readonly closes: Set<string>;
  readonly starts: StartRun[];
  readonly expires: string[];
  readonly read: number[];
  readonly logs: LogLine[];
}

function newPart(advance: Advance): RunPart {
  const part: RunPart = {
    run: advance.run,
    fence: advance.fence,
    next: null,
    entries: [],
    attempts: [],
    opens: new Map(),
    closes: new Set(),
    starts: [],
    expires: [],
    read: [],
    logs: [],
  };
  addTo(part, advance);
  return part;
}

function addTo(part: RunPart, advance: Advance): void {
  if (advance.entries !== undefined) part.entries.push(...advance.entries);
  if (advance.attempts !== undefined) part.attempts.push(...advance.attempts);
  for (const key of advance.closes ?? []) close(part, key);
  for (const key of advance.expires ?? []) {
    close(part, key);
    part.expires.push(key);
  }
  for (const wait of advance.opens ?? []) part.opens.set(wait.key, wait);
  if (advance.starts !== undefined) part.starts.push(...advance.starts);
  if (advance.read !== undefined) part.read.push(...advance.read);
  if (advance.logs !== undefined) part.logs.push(...advance.logs);
  if (advance.next !== undefined) part.next = advance.next;
}

/** A wait that opens and closes in the same batch is never written. The store closes before it opens. */
function close(part: RunPart, key: string): void {
  part.opens.delete(key);
  part.closes.add(key);
}

/** The sender and number of a batch. Every call has its own number, also when a batch is sent again. */
export interface Sender {
  readonly id: number;
  readonly writer: number;
  readonly batch: number;
}

/** What this process must know before the server's function can apply a transition. */
export interface Known {
  readonly shapes: Shapes;
  isLarge(text: string | null): boolean;
  /** Null: this process knows no number for it yet. */
  definitionOf(start: StartRun): number | null;
}

/** Whether the server's function can apply it. Everything else takes the code that both stores share. */
export function isBatchable(transition: Transition, known: Known): boolean {
  switch (transition.kind) {
    case "start":
      return isPlainStart(transition, known) && transition.parent === undefined;
    case "advance":
      return isPlainAdvance(transition, known);
    case "event":
      return isPlainEvent(transition, known);
    default:
      return false;
  }
}

function isPlainStart(start: StartRun, known: Known): boolean {
  const hasMore = start.flow !== undefined || start.audit !== undefined || start.attributes !== null;
  return !hasMore && !known.isLarge(start.input) && known.definitionOf(start) !== null;
}

function isPlainEvent({ event, isRouted, starts, refused }: AcceptEvent, known: Known): boolean {
  const hasMore = !isRouted || starts.length > 0 || refused.length > 0 || event.sealed !== undefined;
  return !hasMore && !known.isLarge(event.data) && known.shapes.of(event.name) !== null;
}

function isPlainAdvance(advance: Advance, known: Known): boolean {
  const { next, entries } = advance;
  if (advance.events !== undefined || advance.sealEvents !== undefined || advance.cancels !== undefined) return false;
  if (advance.attributes !== undefined || advance.shows !== undefined) return false;
  if (advance.starts?.some((start) => !isPlainStart(start, known) || start.leaseTo !== undefined)) return false;
  if (advance.opens?.some((wait) => !isPlainWait(wait, known))) return false;
  if (entries?.some((entry) => known.isLarge(entry.value) || known.isLarge(entry.input))) return false;
  switch (next?.state) {
    case undefined:
    case "parked":
    case "ready":
      return true;
    case "completed":
      return next.continuesAs === undefined && !known.isLarge(next.output);
    default:
      return false;
  }
}

function isPlainWait(wait: WaitOpening, { shapes }: Known): boolean {
  return wait.kind !== "event" || (wait.lookbackMs === undefined && shapes.hashOfWait(wait) !== null);
}

const nextCode = { parked: 2, ready: 1, completed: 3 } as const;

export function commitText(schema: string, parameters: readonly unknown[]): string {
  const name = `"${schema}".baton_commit`;
  return `select * from ${name}(${parameters.map((_, i) => `$${i + 1}`).join(",")})`;
}

/** The parameters of the function, in order. */
export function encode(
  batch: Batch,
  { sender, shard, schema, known }: { sender: Sender; shard: number; schema: string; known: Known },
): readonly unknown[] {
  const worker = batch.starts.find((start) => start.leaseTo !== undefined)?.leaseTo ?? null;
  // In the order of run numbers, so that every batch locks rows in the same order.
  const runs = [...batch.runs.values()].sort((a, b) => a.run - b.run);
  const starts = [...batch.starts, ...batch.children.map(({ start }) => start)];
  return [
    sender.id,
    sender.writer,
    sender.batch,
    shard,
    worker,
    ...encodeStarts(starts, worker, known),
    ...encodeRuns(runs),
    ...encodeEntries(runs),
    ...encodeAttempts(runs),
    ...encodeWaits(runs, known.shapes),
    ...encodeLogs(runs),
    ...encodeEvents(batch.events, known.shapes),
    ...encodeNames(batch, schema),
  ];
}

function encodeStarts(starts: readonly StartRun[], worker: number | null, known: Known): readonly unknown[] {
  const hasKeys = starts.some((start) => start.idempotencyKey !== null);
  const hasParents = starts.some((start) => start.parent !== undefined);
  const isMine = (start: StartRun): boolean => worker !== null && start.leaseTo === worker;
  return [
    texts(starts.map((start) => start.id)),
    numbers(starts.map((start) => known.definitionOf(start))),
    texts(starts.map((start) => start.key)),
    texts(hasKeys ? starts.map((start) => start.idempotencyKey) : []),
    texts(hasKeys ? starts.map((start) => start.definition.name) : []),
    texts(hasKeys ? starts.map((start) => start.inputHash) : []),
    values(starts.map((start) => start.input)),
    values(starts.map((start) => JSON.stringify(start.origin))),
    numbers(starts.map((start) => start.at ?? null)),
    numbers(starts.map((start) => start.delayMs ?? null)),
    numbers(starts.map((start) => start.priorityMs)),
    numbers(starts.map((start) => (isMine(start) ? 1 : 0))),
    numbers(hasParents ? starts.map((start) => start.parent?.no ?? null) : []),
    texts(hasParents ? starts.map((start) => start.parent?.key ?? null) : []),
    numbers(hasParents ? starts.map(awaitedOf) : []),
  ];
}

function awaitedOf({ parent }: StartRun): number | null {
  if (parent === undefined) return null;
  return parent.isAwaited ? 1 : 0;
}

function encodeRuns(runs: readonly RunPart[]): readonly unknown[] {
  return [
    numbers(runs.map((part) => part.run)),
    numbers(runs.map((part) => part.fence)),
    numbers(runs.map(({ next }) => (next == null ? 0 : nextCode[next.state as keyof typeof nextCode]))),
    values(runs.map(({ next }) => (next?.state === "completed" ? next.output : null))),
    numbers(runs.map(({ next }) => (next?.state === "ready" ? (next.delayMs ?? 0) : null))),
    values(
      runs.map(({ next }) =>
        next?.state === "ready" && next.reason !== undefined ? JSON.stringify(next.reason) : null,
      ),
    ),
  ];
}

function encodeEntries(runs: readonly RunPart[]): readonly unknown[] {
  const owners: number[] = [];
  const entries: Entry[] = [];
  for (const part of runs) {
    for (const entry of part.entries) {
      owners.push(part.run);
      entries.push(entry);
    }
  }
  return [
    numbers(owners),
    numbers(entries.map((entry) => entry.seq)),
    texts(entries.map((entry) => entry.key)),
    numbers(entries.map((entry) => kindCode[entry.kind])),
    numbers(entries.map((entry) => outcomeCode[entry.outcome])),
    values(entries.map((entry) => entry.value)),
    values(entries.map((entry) => entry.input)),
    numbers(entries.map((entry) => entry.attempts)),
    numbers(entries.map((entry) => entry.tookMs)),
  ];
}

function encodeAttempts(runs: readonly RunPart[]): readonly unknown[] {
  const all = runs.flatMap((part) => part.attempts.map((attempt) => ({ part, attempt })));
  return [
    numbers(all.map(({ part }) => part.run)),
    numbers(all.map(({ part }) => part.fence)),
    texts(all.map(({ attempt }) => attempt.key)),
    numbers(all.map(({ attempt }) => attempt.number)),
    numbers(all.map(({ attempt }) => (attempt.charged ? 1 : 0))),
    texts(all.map(({ attempt }) => attempt.outcome)),
    values(all.map(({ attempt }) => (attempt.error === null ? null : JSON.stringify(attempt.error)))),
    numbers(all.map(({ attempt }) => attempt.tookMs)),
  ];
}

function encodeWaits(runs: readonly RunPart[], shapes: Shapes): readonly unknown[] {
  const opens = runs.flatMap((part) => [...part.opens.values()].map((wait) => ({ run: part.run, wait })));
  const closes = runs.flatMap((part) => [...part.closes].map((key) => ({ run: part.run, key })));
  const expires = runs.flatMap((part) => part.expires.map((key) => ({ run: part.run, key })));
  const read = runs.flatMap((part) => part.read.map((no) => ({ run: part.run, no })));
  return [
    numbers(opens.map(({ run }) => run)),
    texts(opens.map(({ wait }) => wait.key)),
    texts(opens.map(({ wait }) => wait.kind)),
    numbers(opens.map(({ wait }) => wait.dueInMs ?? null)),
    numbers(opens.map(({ wait }) => wait.dueAt ?? null)),
    texts(opens.map(({ wait }) => wait.name ?? null)),
    numbers(opens.map(({ wait }) => wait.attempt ?? 0)),
    texts(opens.map(({ wait }) => matchOf(wait))),
    numbers(opens.map(({ wait }) => (wait.kind === "event" ? shapes.hashOfWait(wait) : null))),
    numbers(closes.map(({ run }) => run)),
    texts(closes.map(({ key }) => key)),
    numbers(expires.map(({ run }) => run)),
    texts(expires.map(({ key }) => key)),
    numbers(read.map(({ run }) => run)),
    numbers(read.map(({ no }) => no)),
  ];
}

function encodeLogs(runs: readonly RunPart[]): readonly unknown[] {
  const all = runs.flatMap((part) => part.logs.map((line) => ({ run: part.run, line })));
  return [
    numbers(all.map(({ run }) => run)),
    texts(all.map(({ line }) => line.key)),
    texts(all.map(({ line }) => line.level)),
    texts(all.map(({ line }) => line.message)),
    values(all.map(({ line }) => line.data)),
  ];
}

/** The match of a wait as stored. */
function matchOf({ kind, match = {} }: WaitOpening): string | null {
  return kind === "event" && Object.keys(match).length > 0 ? canonical(match) : null;
}

function encodeEvents(events: readonly AcceptEvent[], shapes: Shapes): readonly unknown[] {
  const known = events.map(({ event }) => shapes.of(event.name) ?? []);
  const keys = events.flatMap((accept, i) =>
    shapes.keysOf(accept, known[i] ?? []).map((key) => ({ ...key, place: i + 1, name: accept.event.name })),
  );
  return [
    texts(events.map(({ event }) => event.source)),
    texts(events.map(({ event }) => event.id)),
    texts(events.map(({ event }) => event.name)),
    values(events.map(({ event }) => event.data)),
    numbers(known.map((each) => each.length)),
    numbers(keys.map((key) => key.place)),
    texts(keys.map((key) => key.name)),
    numbers(keys.map((key) => key.hash)),
    texts(keys.map((key) => key.match)),
  ];
}

/** Locks of names that runs wait for (shared), and of names of events (exclusive). */
function encodeNames(batch: Batch, schema: string): readonly unknown[] {
  const lock = (name: string): string => String(lockOf(schema, `event ${name}`));
  return [`{${[...batch.waitNames].map(lock).join(",")}}`, `{${[...batch.eventNames].map(lock).join(",")}}`];
}
