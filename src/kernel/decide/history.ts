import {
  type AttemptRecord,
  type Journal,
  type RecordedEntry,
  type Reopening,
  undoPrefix,
  type Wait,
} from "../model/journal.ts";

/** A recorded entry as a replay sees it. `isOptional`: something before it has changed, so the code may skip it. */
export interface PastEntry extends RecordedEntry {
  readonly isOptional: boolean;
}

/** A journal with its reopenings applied: void entries are removed, entries that the code may skip are marked. */
export interface History {
  readonly entries: readonly PastEntry[];
  readonly byKey: ReadonlyMap<string, PastEntry>;
  readonly attempts: ReadonlyMap<string, readonly AttemptRecord[]>;
  readonly waits: ReadonlyMap<string, Wait>;
  readonly lastSeq: number;
  readonly isReopened: boolean;
  /** Edited declared inputs by key. */
  readonly inputs: ReadonlyMap<string, string>;
  /** How many times a key's recorded success was voided; part of its idempotency key. */
  readonly restarts: ReadonlyMap<string, number>;
  /** Events that restarted waits receive again, by key: JSON text as recorded. */
  readonly received: ReadonlyMap<string, string>;
  /** Outputs supplied by a person, by key: JSON text. */
  readonly supplied: ReadonlyMap<string, string>;
  /** Steps that were running when the code ended: their outcome is unknown. */
  readonly abandoned: ReadonlySet<string>;
  /** Steps that have been undone, by their own keys. */
  readonly undone: ReadonlySet<string>;
  /** The point of no return that the run has passed, or null. */
  readonly pivot: string | null;
}

export const noHistory: History = {
  entries: [],
  byKey: new Map(),
  attempts: new Map(),
  waits: new Map(),
  lastSeq: 0,
  isReopened: false,
  inputs: new Map(),
  restarts: new Map(),
  received: new Map(),
  supplied: new Map(),
  abandoned: new Set(),
  undone: new Set(),
  pivot: null,
};

/** Pure: the same journal gives the same history. */
export function readHistory(journal: Journal): History {
  let entries: PastEntry[] = [];
  let isReopened = false;
  const inputs = new Map<string, string>();
  const restarts = new Map<string, number>();
  const received = new Map<string, string>();
  const supplied = new Map<string, string>();
  const undone = new Set<string>();
  for (const entry of journal.entries) {
    if (entry.kind === "undo") {
      if (entry.outcome === "ok") undone.add(entry.key.slice(undoPrefix.length));
      continue;
    }
    if (entry.kind !== "reopen") {
      entries.push({ ...entry, isOptional: false });
      continue;
    }
    isReopened = true;
    const reopening = JSON.parse(entry.value ?? "{}") as Reopening;
    for (const [key, input] of Object.entries(reopening.inputs ?? {})) inputs.set(key, input);
    for (const [key, output] of Object.entries(reopening.supplied ?? {})) supplied.set(key, output);
    const isVoid = (past: PastEntry): boolean =>
      reopening.keys.includes(past.key) || (reopening.voidFrom !== undefined && past.seq >= reopening.voidFrom);
    for (const past of entries) {
      if (reopening.voidFrom === undefined || past.kind !== "event" || !isVoid(past)) continue;
      // After a timeout there is nothing to receive again: the wait waits.
      if (past.outcome === "ok" && past.value !== null && past.value !== "null") received.set(past.key, past.value);
      else received.delete(past.key);
    }
    for (const past of entries)
      if (isVoid(past) && past.outcome === "ok") restarts.set(past.key, (restarts.get(past.key) ?? 0) + 1);
    entries = entries
      .filter((past) => !isVoid(past))
      .map((past) =>
        reopening.optionalFrom !== undefined && past.seq >= reopening.optionalFrom
          ? { ...past, isOptional: true }
          : past,
      );
  }
  const abandoned = new Set(entries.filter((past) => past.outcome === "abandoned").map((past) => past.key));
  // Steps that were abandoned when the code ended run again when the run continues.
  entries = entries.filter((past) => past.outcome !== "abandoned");
  return {
    entries,
    byKey: new Map(entries.map((entry) => [entry.key, entry])),
    attempts: Map.groupBy(journal.attempts, (attempt) => attempt.key),
    waits: new Map(journal.waits.map((wait) => [wait.key, wait])),
    lastSeq: journal.entries.at(-1)?.seq ?? 0,
    isReopened,
    inputs,
    restarts,
    received,
    supplied,
    abandoned,
    undone,
    pivot: entries.findLast((entry) => entry.kind === "pivot")?.key ?? null,
  };
}
