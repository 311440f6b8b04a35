import {
  type AttemptRecord,
  type Journal,
  type RecordedEntry,
  type Reopening,
  undoKeyOf,
  undoPrefix,
  type Wait,
} from "../model/journal.ts";

/** The value that the undo of a stopped branch records: the branch, and the place at which it was stopped. */
interface Stop {
  readonly branch: string;
  readonly at: number;
}

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
  /** By step, with the stopped branch that it belongs to; null: of the whole run. */
  const undone = new Map<string, Stop | null>();
  for (const entry of journal.entries) {
    if (entry.kind === "undo") {
      // While the run goes on, the undo of a stopped branch records which branch it was.
      if (entry.outcome === "ok")
        undone.set(entry.key.slice(undoPrefix.length), JSON.parse(entry.value ?? "null") as Stop | null);
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
    // Branches that were stopped after this point may continue this time. What was undone in them must take effect again.
    const from = reopening.optionalFrom ?? reopening.voidFrom ?? Number.POSITIVE_INFINITY;
    const reopened = [...undone.values()]
      .filter((stop) => stop !== null && stop.at >= from)
      .map((stop) => stop?.branch);
    const isReopenedStop = (stop: Stop | null | undefined): boolean => stop != null && reopened.includes(stop.branch);
    const isOptional = ({ seq, key }: PastEntry): boolean =>
      (reopening.optionalFrom !== undefined && seq >= reopening.optionalFrom) ||
      reopened.some((branch) => key.startsWith(`${branch}/`));
    const isVoid = (past: PastEntry): boolean =>
      reopening.keys.includes(past.key) ||
      (reopening.voidFrom !== undefined && past.seq >= reopening.voidFrom) ||
      (past.kind !== "cleanup" && isReopenedStop(undone.get(past.key)));
    for (const past of entries) {
      if (reopening.voidFrom === undefined || past.kind !== "event" || !isVoid(past)) continue;
      // After a timeout there is nothing to receive again: the wait waits.
      if (past.outcome === "ok" && past.value !== null && past.value !== "null") received.set(past.key, past.value);
      else received.delete(past.key);
    }
    const voided = new Set(entries.filter(isVoid));
    const again = (key: string): unknown => restarts.set(key, (restarts.get(key) ?? 0) + 1);
    for (const past of entries) {
      const isRepeated = voided.has(past) && past.outcome === "ok";
      if (isRepeated) again(past.key);
      const stop = undone.get(past.key);
      const isCleanedAgain =
        past.kind === "cleanup" && (stop === null ? reopening.repeatsCleanups === true : isReopenedStop(stop));
      if (stop === undefined || !(isRepeated || isCleanedAgain)) continue;
      undone.delete(past.key);
      again(undoKeyOf(past.key));
    }
    entries = entries
      .filter((past) => !voided.has(past))
      .map((past) => (isOptional(past) ? { ...past, isOptional: true } : past));
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
    undone: new Set(undone.keys()),
    pivot: entries.findLast((entry) => entry.kind === "pivot")?.key ?? null,
  };
}
