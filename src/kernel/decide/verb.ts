import type { RunDetail } from "../model/detail.ts";
import { type RecordedEntry, type Reopening, type Request, undoKeyOf, undoPrefix } from "../model/journal.ts";
import type { Reason } from "../model/reason.ts";
import type { Compensation } from "../model/run.ts";
import { isAtRest } from "../model/status.ts";
import type { Idle, Intervene } from "../model/transition.ts";
import { type History, readHistory } from "./history.ts";

/** Recovery actions on one run. Library, API and command line use the same names. */
export const verbs = [
  "resume",
  "restart",
  "complete-step",
  "retry",
  "compensate",
  "cancel",
  "suspend",
  "dismiss",
] as const;
export type Verb = (typeof verbs)[number];

export interface VerbRequest {
  readonly verb: Verb;
  readonly actor: string;
  readonly why: string | null;
  /** `restart`: the step to restart from. `complete-step`: the step whose outcome is supplied. */
  readonly step?: string;
  /** Edited input, JSON text: of the step if it declares one, otherwise of the run. */
  readonly input?: string;
  /** `complete-step`: the supplied output, JSON text. */
  readonly output?: string;
  /** `cancel`: undo the completed steps first. */
  readonly isCompensated?: boolean;
  /** `suspend`: timers stop until the run is resumed. */
  readonly stopsClocks?: boolean;
}

export type VerbDecision =
  | { readonly ok: true; readonly transition: Intervene; readonly preview: Preview }
  | {
      readonly ok: false;
      readonly code: "illegal" | "unknown-step" | "no-return";
      readonly message: string;
      readonly hint: string;
    };

/** What an action will do, shown before it is carried out. Step keys. */
export interface Preview {
  readonly runsAgain: readonly string[];
  readonly kept: readonly string[];
  /** Completed steps that are undone if they declare `undo`, newest first. */
  readonly undone: readonly string[];
  /** Steps among `runsAgain` that are not safe to repeat. */
  readonly notIdempotent: readonly string[];
}

/** The run and the request that an action is decided on. */
interface Case {
  readonly run: RunDetail;
  readonly entries: readonly RecordedEntry[];
  readonly history: History;
  readonly request: VerbRequest;
  /** Seals the supplied output of a step for storage. */
  readonly seal: (step: string, output: string) => string;
}

/**
 * Decides what an action does to a run in its current state. Pure: the store checks that the run has not changed in the
 * meantime.
 */
export function decideVerb(
  run: RunDetail,
  entries: readonly RecordedEntry[],
  request: VerbRequest,
  seal: Case["seal"] = (_step, output) => output,
): VerbDecision {
  const { attempts, waits, arrivals } = run;
  const history = readHistory({ entries, attempts, waits, arrivals });
  return deciders[request.verb]({ run, entries, history, request, seal });
}

const deciders: Readonly<Record<Verb, (found: Case) => VerbDecision>> = {
  resume: (found) => {
    const { run } = found;
    if (!canContinue(run)) return illegal(found);
    return reopen(found, resumption(found));
  },
  restart: (found) => {
    const { status } = found.run.row;
    if (status === "completed" || status === "cancelled" || found.run.isHeld) return illegal(found);
    return found.run.compensation !== null || isCompensated(found.run) || isHalfUndone(found)
      ? illegal(found)
      : restart(found);
  },
  "complete-step": (found) => {
    const { run } = found;
    const isParked = run.row.status === "waiting" && !run.isHeld;
    return canContinue(run) || isParked ? completeStep(found) : illegal(found);
  },
  retry: (found) => {
    if (found.run.row.status === "failed")
      return deciders.resume({ ...found, request: { ...found.request, verb: "resume" } });
    if (!found.run.waits.some((wait) => wait.kind === "retry")) return illegal(found);
    return allow(found, { to: "retried" }, "retry");
  },
  compensate: (found) => {
    const { run } = found;
    const { status } = run.row;
    if ((status !== "failed" && status !== "suspended") || run.compensation !== null || isCompensated(run))
      return illegal(found);
    if (isHalfUndone(found)) return deciders.resume(found);
    if (found.history.pivot !== null) return noReturn(found, found.history.pivot);
    return allow(found, { to: "compensating", compensation: compensationOf(found) }, null);
  },
  cancel: (found) => {
    const { run, request } = found;
    if (run.row.endedAt !== null || run.compensation !== null) return illegal(found);
    const reason = byPerson(request);
    if (request.isCompensated !== true) return allow(found, { to: "cancelled", reason }, "cancel");
    if (found.history.pivot !== null) return noReturn(found, found.history.pivot);
    return allow(found, { to: "compensating", compensation: { end: "cancelled", reason } }, "cancel");
  },
  suspend: (found) => {
    const { run, request } = found;
    if (run.row.endedAt !== null || run.row.status === "suspended") return illegal(found);
    const stops = request.stopsClocks === true ? { stopsClocks: true } : {};
    return allow(found, { to: "suspended", reason: byPerson(request), ...stops }, "suspend");
  },
  dismiss: (found) => {
    const { row } = found.run;
    const isResolved = row.reason?.code === "dismissed" || row.reason?.code === "imported";
    if (row.status !== "failed" || isCompensated(found.run) || isResolved) return illegal(found);
    const { actor: by, why } = found.request;
    return allow(
      found,
      { to: "dismissed", reason: { code: "dismissed", by, why, error: row.error?.message ?? "" } },
      null,
    );
  },
};

/** Whether the run is stopped until a person acts, and can continue where it stopped. */
function canContinue(run: RunDetail): boolean {
  return run.row.status === "suspended" || (run.row.status === "failed" && !isCompensated(run));
}

/** A run whose steps were undone cannot continue. */
function isCompensated(run: RunDetail): boolean {
  return run.row.reason?.code === "compensated";
}

/**
 * A failed run that was dismissed or imported after its compensation had begun: it can only continue the compensation.
 */
function isHalfUndone({ run, entries }: Case): boolean {
  return run.row.status === "failed" && run.compensation === null && entries.some(isCompensating);
}

/** Cleanups, and undos of branches that were stopped, are part of a run that goes on. */
function isCompensating(
  { kind, key, value }: RecordedEntry,
  _place: number,
  entries: readonly RecordedEntry[],
): boolean {
  const undone = key.slice(undoPrefix.length);
  return kind === "undo" && value === null && !entries.some((each) => each.kind === "cleanup" && each.key === undone);
}

function byPerson({ actor: by, why }: VerbRequest): Reason {
  return { code: "by-person", by, why };
}

/** A dead letter ends as failed; a suspended run ends as cancelled. */
function compensationOf({ run, request }: Case): Compensation {
  const { error, fingerprint, status } = run.row;
  if (status !== "failed" || error === null) return { end: "cancelled", reason: byPerson(request) };
  return { end: "failed", error, fingerprint: fingerprint ?? "", step: failedStep(run) };
}

// --- Resuming --------------------------------------------------------------------------------------------------------

/**
 * Reopens the step whose failure ended or suspended the run. The code may skip entries after it, because what came
 * before them has changed.
 */
function resumption({ run, entries, request, history }: Case): Reopening | null {
  const stopped = failedStep(run);
  // A promise that the step left behind may have failed the run after the step had succeeded: that result is kept.
  const key = stopped !== null && history.byKey.get(stopped)?.outcome === "ok" ? null : stopped;
  const open = run.waits.filter((wait) => wait.kind === "hold" || wait.kind === "once").map((wait) => wait.key);
  if (key === null && open.length === 0) return null;
  const entry = key === null ? undefined : entries.findLast((each) => each.key === key && each.kind !== "reopen");
  const keys = key === null ? open : [key, ...open.filter((each) => each !== key)];
  // Later failures never reached the code. They have the same cause, so they are retried too.
  const later =
    entry === undefined
      ? []
      : entries.filter((each) => each.seq > entry.seq && each.outcome === "error").map((each) => each.key);
  return {
    keys: [...new Set([...keys, ...later])],
    ...(entry === undefined ? {} : { optionalFrom: entry.seq }),
    ...(request.input !== undefined && entry?.input != null ? { inputs: { [entry.key]: request.input } } : {}),
  };
}

/** The step that stopped the run, or null. */
function failedStep({ row }: RunDetail): string | null {
  switch (row.reason?.code) {
    case "error":
    case "exhausted":
    case "unknown-outcome":
      return row.reason.step;
    case "unknown-undo":
    case "compensation-failed":
      return undoKeyOf(row.reason.step);
    case "dismissed":
    case "imported":
      return row.error?.step ?? null;
    default:
      return null;
  }
}

/** A person knows the outcome of a step or continues without it: the run gets the supplied output. */
function completeStep(found: Case): VerbDecision {
  const { run, request, history } = found;
  const open = run.waits.map((wait) => wait.key);
  const stopped = failedStep(run);
  const key = request.step ?? stopped ?? (open.length === 1 ? open[0] : undefined);
  const isKnown = key !== undefined && (key === stopped || open.includes(key) || history.byKey.has(key));
  if (!isKnown) return unknownStep(found, [...(stopped === null ? [] : [stopped]), ...open]);
  if (history.byKey.get(key)?.outcome === "ok") {
    return refuse("illegal", `"${key}" of run ${run.row.id} is already completed`, "to run it again, restart from it");
  }
  const base = canContinue(run) ? resumption(found) : null;
  const reopening: Reopening = {
    ...base,
    keys: [...new Set([key, ...(base?.keys ?? [])])],
    supplied: { [key]: found.seal(key, request.output ?? "null") },
  };
  return reopen(found, reopening, [key]);
}

function restart(found: Case): VerbDecision {
  const { run, entries, history, request } = found;
  const entry = history.entries.find((each) => each.key === request.step);
  const open = run.waits.map((wait) => wait.key);
  // What the run waits for now has no result yet: it begins again, and everything before it is kept.
  if (entry === undefined && request.step !== undefined && open.includes(request.step))
    return reopen(found, { keys: [request.step], voidFrom: history.lastSeq + 1 });
  if (entry === undefined) return unknownStep(found, [...history.entries.map((each) => each.key), ...open]);
  const again = entries.filter((each) => each.seq >= entry.seq && each.key !== "").map((each) => each.key);
  const reopening: Reopening = {
    keys: [...new Set([...again, ...run.waits.map((wait) => wait.key)])],
    voidFrom: entry.seq,
    ...(request.input !== undefined && entry.input !== null ? { inputs: { [entry.key]: request.input } } : {}),
  };
  return reopen(found, reopening);
}

function reopen(found: Case, reopening: Reopening | null, supplied: readonly string[] = []): VerbDecision {
  const { request } = found;
  const isRunInput = request.input !== undefined && reopening?.inputs === undefined;
  const isNewRound = found.run.row.status === "failed" && found.run.compensation === null && !isHalfUndone(found);
  const repeatsCleanups = isNewRound && found.entries.some((each) => each.kind === "cleanup");
  const idle: Idle = {
    to: "ready",
    reopening: repeatsCleanups ? { keys: [], ...reopening, repeatsCleanups } : reopening,
    ...(isRunInput ? { input: request.input } : {}),
    ...(isHalfUndone(found) ? { compensation: compensationOf(found) } : {}),
  };
  return allow(found, idle, null, previewOf(found, reopening, supplied));
}

// --- Answers ---------------------------------------------------------------------------------------------------------

function previewOf({ run, entries }: Case, reopening: Reopening | null, supplied: readonly string[]): Preview {
  const again = (reopening?.keys ?? []).filter((key) => !supplied.includes(key));
  const kept = entries
    .filter((each) => each.key !== "" && each.outcome !== "error" && !again.includes(each.key))
    .map((each) => each.key);
  const isUnsafe = (key: string): boolean =>
    run.waits.some((wait) => wait.key === key && wait.kind === "once") ||
    entries.some((each) => each.key === key && each.kind === "once");
  return {
    runsAgain: again,
    kept: [...new Set([...kept, ...supplied])],
    undone: [],
    notIdempotent: again.filter(isUnsafe),
  };
}

/** Newest first. Only the code knows whether a step declares `undo`. */
function undonePreview({ history }: Case): Preview {
  const undone = history.entries
    .filter(({ kind, outcome, key }) => isStep(kind) && outcome === "ok" && !history.undone.has(key))
    .map((entry) => entry.key)
    .toReversed();
  return { runsAgain: [], kept: [], undone, notIdempotent: [] };
}

function isStep(kind: RecordedEntry["kind"]): boolean {
  return kind === "step" || kind === "once" || kind === "tx";
}

const nothing: Preview = { runsAgain: [], kept: [], undone: [], notIdempotent: [] };

/** `held`: the request that a holder gets instead; null if the action needs a run that no worker holds. */
function allow(found: Case, idle: Idle, held: Request["verb"] | null, preview?: Preview): VerbDecision {
  const { run, request } = found;
  const { actor, verb, why } = request;
  return {
    ok: true,
    preview: preview ?? (idle.to === "compensating" ? undonePreview(found) : nothing),
    transition: {
      kind: "intervene",
      run: run.row.no,
      seen: run.mark,
      idle,
      held: held === null ? null : requestOf(request, held),
      ...(idle.to === "cancelled" || idle.to === "suspended" ? { isUnconditional: true } : {}),
      audit: { actor, verb, why },
    },
  };
}

function requestOf({ actor, why, isCompensated: undoes, stopsClocks }: VerbRequest, verb: Request["verb"]): Request {
  return {
    verb,
    actor,
    why,
    ...(undoes === true ? { isCompensated: true } : {}),
    ...(stopsClocks === true ? { stopsClocks: true } : {}),
  };
}

const hints: Readonly<Record<Verb, string>> = {
  resume: "resume works on failed and suspended runs; use rerun to start a new run with the same input",
  restart:
    "restart works on failed, suspended and waiting runs; suspend a running run first, use rerun for an ended one",
  "complete-step": "complete-step works on failed, suspended and waiting runs; suspend a running run first",
  retry:
    "retry skips the backoff of a run that is waiting for its next attempt; use resume for a failed or suspended run",
  compensate: "compensate works on dead letters and suspended runs; use cancel with compensation for an open run",
  cancel: "only an open run that is not being compensated can be cancelled",
  suspend: "only an open run can be suspended",
  dismiss: "only a dead letter can be dismissed",
};

const pastOf: Readonly<Record<Verb, string>> = {
  resume: "resumed",
  restart: "restarted",
  "complete-step": "completed manually",
  retry: "retried",
  compensate: "compensated",
  cancel: "cancelled",
  suspend: "suspended",
  dismiss: "dismissed",
};

function illegal({ run, request }: Case): VerbDecision {
  const { id, status } = run.row;
  const what = isAtRest(status) && isCompensated(run) ? `${status} and compensated` : status;
  const hint = isCompensated(run) ? "its steps were compensated; use rerun to start a new run" : hints[request.verb];
  return refuse("illegal", `run ${id} cannot be ${pastOf[request.verb]}: its status is ${what}`, hint);
}

function noReturn({ run }: Case, pivot: string): VerbDecision {
  return refuse(
    "no-return",
    `run ${run.row.id} has passed its point of no return "${pivot}": it can no longer be compensated`,
    "resume it, or cancel it without compensation",
  );
}

function unknownStep({ run, request }: Case, known: readonly string[]): VerbDecision {
  const steps = known.filter((key) => key !== "").join(", ") || "none yet";
  return refuse(
    "unknown-step",
    request.step === undefined
      ? `run ${run.row.id}: a step is required`
      : `run ${run.row.id} has no step ${JSON.stringify(request.step)}`,
    `steps that you can choose: ${steps}`,
  );
}

function refuse(code: "illegal" | "unknown-step" | "no-return", message: string, hint: string): VerbDecision {
  return { ok: false, code, message, hint };
}
