import type { RunDetail } from "../../kernel/model/detail.ts";
import type { ErrorRecord } from "../../kernel/model/errors.ts";
import {
  type AttemptRecord,
  type RecordedEntry,
  type Reopening,
  undoKeyOf,
  type Wait,
} from "../../kernel/model/journal.ts";
import { isAtRest } from "../../kernel/model/status.ts";
import type { StepStatus } from "../../wire/status.ts";
import type { Attempt, Step, StepKind } from "../../wire/step.ts";
import { stepName } from "./step-name.ts";
import { iso } from "./time.ts";

/** A reopening in a run's history: it invalidates some of the earlier entries. */
export interface ReopeningAt {
  readonly seq: number;
  readonly reopening: Reopening;
}

/** A step, with its values in stored form. */
export interface StepDraft {
  readonly step: Omit<Step, "input" | "output" | "error">;
  readonly entry: RecordedEntry | null;
  /** For a step that is not recorded yet. */
  readonly error: ErrorRecord | null;
}

/**
 * Derives the steps of a run from its entries and open work. Only results are recorded; steps in progress are derived
 * from waits, running attempts and failed attempts. Pure. `isLast`: these entries are the run's newest, so steps in
 * progress belong on this page.
 */
export function draftSteps(
  run: RunDetail,
  entries: readonly RecordedEntry[],
  reopenings: readonly ReopeningAt[],
  isLast: boolean,
): StepDraft[] {
  const attempts = Map.groupBy(run.attempts, (attempt) => attempt.key);
  const current = new Map<string, RecordedEntry>();
  const past = new Map<string, RecordedEntry[]>();
  for (const entry of entries) {
    if (entry.kind === "reopen") continue;
    const isVoid = reopenings.some((each) => voids(each, entry));
    if (!isVoid) current.set(entry.key, entry);
    else past.set(entry.key, [...(past.get(entry.key) ?? []), entry]);
  }
  const roundOf = (seq: number): number => reopenings.filter((each) => each.seq < seq).length;
  const tries = (key: string): Attempt[] => [
    ...(attempts.get(key) ?? []).map(failedAttempt),
    ...[...(past.get(key) ?? []), ...(current.has(key) ? [current.get(key) as RecordedEntry] : [])]
      .filter(isSuccess)
      .map((entry) => successfulAttempt(entry, roundOf(entry.seq))),
  ];
  const isUndone = (key: string): boolean => current.get(undoKeyOf(key))?.outcome === "ok";
  const recorded = [...current.values()].map((entry) => recordedStep(entry, tries(entry.key), isUndone(entry.key)));
  if (!isLast) return recorded;
  const open = openKeys(run, past, reopenings.length > 0).filter((key) => !current.has(key));
  return [...recorded, ...open.map((key) => openStep(run, key, tries(key), past.get(key)?.at(-1)?.kind))];
}

function voids({ seq, reopening }: ReopeningAt, entry: RecordedEntry): boolean {
  if (entry.seq >= seq) return false;
  // Operations that the code had left open are requested again when the run continues.
  if (entry.outcome === "abandoned" || reopening.keys.includes(entry.key)) return true;
  return reopening.voidFrom !== undefined && entry.seq >= reopening.voidFrom;
}

/** Keys without a result: waiting, running, or failed and to be retried. */
function openKeys(
  run: RunDetail,
  past: ReadonlyMap<string, readonly RecordedEntry[]>,
  wasReopened: boolean,
): readonly string[] {
  const isWhole = run.entryCount <= run.entries.length;
  const keys = new Set([
    // If there is more than one page of entries, the result of an attempt may be on an earlier one.
    ...(isWhole ? run.attempts.map((attempt) => attempt.key) : []),
    ...run.waits.map((wait) => wait.key),
    ...run.shows.map((show) => show.key),
  ]);
  if (wasReopened && !isAtRest(run.row.status)) for (const key of past.keys()) keys.add(key);
  return [...keys];
}

function recordedStep(entry: RecordedEntry, attempts: Attempt[], isUndone: boolean): StepDraft {
  const sorted = sort(attempts);
  return {
    entry,
    error: null,
    step: {
      name: stepName(entry.key),
      key: entry.key,
      kind: entry.kind as StepKind,
      status: isUndone ? "compensated" : statusOfEntry(entry),
      attempts: sorted,
      startedAt: sorted[0]?.startedAt ?? iso(entry.at - entry.tookMs),
      endedAt: iso(entry.at),
    },
  };
}

/** A step whose retries were used up has failed, even if its author let the run continue without it. */
function statusOfEntry(entry: RecordedEntry): StepStatus {
  switch (entry.outcome) {
    case "ok":
      return "completed";
    case "error":
    case "continued":
      return "failed";
    case "abandoned":
      return "abandoned";
  }
}

function openStep(run: RunDetail, key: string, attempts: Attempt[], kindBefore: string | undefined): StepDraft {
  const wait = run.waits.find((each) => each.key === key);
  const show = run.shows.find((each) => each.key === key);
  const running: Attempt[] =
    show === undefined
      ? []
      : [
          {
            number: show.attempt,
            round: run.row.round,
            status: "running",
            startedAt: iso(show.startedAt),
            endedAt: null,
            error: null,
          },
        ];
  const sorted = sort([...attempts, ...running]);
  const last = run.attempts.findLast((each) => each.key === key);
  return {
    entry: null,
    error: last?.error ?? null,
    step: {
      name: stepName(key),
      key,
      kind: wait === undefined ? ((kindBefore ?? "step") as StepKind) : kindOfWait(wait),
      status: openStatus(run, wait, show !== undefined, last),
      attempts: sorted,
      startedAt: sorted[0]?.startedAt ?? (wait === undefined ? null : iso(wait.since)),
      endedAt: null,
      ...(show === undefined ? {} : { progress: { share: show.progress, note: show.note } }),
    },
  };
}

function openStatus(
  run: RunDetail,
  wait: Wait | undefined,
  isShown: boolean,
  last: AttemptRecord | undefined,
): StepStatus {
  const { status } = run.row;
  if (status === "cancelled" || status === "completed") return "abandoned";
  if (status === "failed") return last === undefined ? "pending" : "failed";
  if (isShown) return "running";
  if (wait === undefined)
    return run.isHeld && last !== undefined && last.round === run.row.round ? "running" : "pending";
  // The intent of a `once` is recorded before its code runs. It is waiting only if a person must decide.
  if (wait.kind === "once") return status === "suspended" ? "waiting" : "running";
  return "waiting";
}

function kindOfWait(wait: Wait): StepKind {
  switch (wait.kind) {
    case "timer":
      return "sleep";
    case "event":
    case "child":
    case "once":
      return wait.kind;
    case "retry":
    case "hold":
      return "step";
  }
}

function failedAttempt(attempt: AttemptRecord): Attempt {
  return {
    number: attempt.number,
    round: attempt.round,
    status: attempt.outcome,
    startedAt: iso(attempt.at - attempt.tookMs),
    endedAt: iso(attempt.at),
    error: attempt.error,
  };
}

/** A success has no attempt row: the entry contains everything. */
function successfulAttempt(entry: RecordedEntry, round: number): Attempt {
  return {
    number: entry.attempts,
    round,
    status: "completed",
    startedAt: iso(entry.at - entry.tookMs),
    endedAt: iso(entry.at),
    error: null,
  };
}

function isSuccess(entry: RecordedEntry): boolean {
  return entry.outcome === "ok" && (entry.kind === "step" || entry.kind === "once" || entry.kind === "tx");
}

function sort(attempts: readonly Attempt[]): Attempt[] {
  return attempts.toSorted((a, b) => a.round - b.round || a.number - b.number);
}
