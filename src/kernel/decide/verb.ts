import type { RunDetail } from "../model/detail.ts";
import type { RecordedEntry, Reopening, Request } from "../model/journal.ts";
import type { Idle, Intervene } from "../model/transition.ts";

/** Recovery verbs, the same words in library, API and command line. */
export const verbs = ["retry", "resume", "restart", "cancel", "suspend"] as const;
export type Verb = (typeof verbs)[number];

export interface VerbRequest {
  readonly verb: Verb;
  readonly actor: string;
  readonly why: string | null;
  /** The step to restart from. */
  readonly step?: string;
  /** Edited input, JSON text: of the step when it declares one, else of the run. */
  readonly input?: string;
}

export type VerbDecision =
  | { readonly ok: true; readonly transition: Intervene; readonly preview: Preview }
  | { readonly ok: false; readonly code: "illegal" | "unknown-step"; readonly message: string; readonly hint: string };

/** What a verb will do, told before it acts. */
export interface Preview {
  readonly runsAgain: readonly string[];
  readonly kept: readonly string[];
}

/** What a verb does to a run as it stands. Pure: the store checks that the run has not moved meanwhile. */
export function decideVerb(run: RunDetail, entries: readonly RecordedEntry[], request: VerbRequest): VerbDecision {
  switch (request.verb) {
    case "cancel":
      if (run.row.endedAt !== null && run.row.status !== "failed") return illegal(run, request);
      if (run.row.status === "failed") return illegal(run, request);
      return act(
        run,
        request,
        { to: "cancelled", reason: { code: "by-person", by: request.actor, why: request.why } },
        held(request, "cancel"),
      );
    case "suspend":
      if (run.row.endedAt !== null || run.row.status === "suspended") return illegal(run, request);
      return act(
        run,
        request,
        { to: "suspended", reason: { code: "by-person", by: request.actor, why: request.why } },
        held(request, "suspend"),
      );
    case "retry":
      if (run.row.status === "failed") return decideVerb(run, entries, { ...request, verb: "resume" });
      if (!run.waits.some((wait) => wait.kind === "retry")) return illegal(run, request);
      return act(run, request, { to: "retried" }, held(request, "retry"));
    case "resume":
      if (run.row.status !== "failed" && run.row.status !== "suspended") return illegal(run, request);
      return reopen(run, request, resumption(run, entries, request), entries);
    case "restart":
      if (run.row.status === "completed" || run.row.status === "cancelled" || run.isHeld) return illegal(run, request);
      return restart(run, entries, request);
  }
}

/** Reopens the step whose failure ended or halted the run. Entries after it may stay unasked: what they followed has changed. */
function resumption(run: RunDetail, entries: readonly RecordedEntry[], request: VerbRequest): Reopening | null {
  const key = failedStep(run);
  const open = run.waits.filter((wait) => wait.kind === "hold" || wait.kind === "once").map((wait) => wait.key);
  if (key === null && open.length === 0) return null;
  const entry = key === null ? undefined : entries.findLast((each) => each.key === key && each.kind !== "reopen");
  const keys = key === null ? open : [key, ...open.filter((each) => each !== key)];
  // Failures that came later never reached the code: they belong to the same trouble and get a fresh chance too.
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

function failedStep(run: RunDetail): string | null {
  const { reason } = run.row;
  if (reason?.code === "error") return reason.step;
  if (reason?.code === "exhausted" || reason?.code === "unknown-outcome") return reason.step;
  return null;
}

function restart(run: RunDetail, entries: readonly RecordedEntry[], request: VerbRequest): VerbDecision {
  const entry = entries.find((each) => each.key === request.step && each.kind !== "reopen");
  if (entry === undefined) {
    return {
      ok: false,
      code: "unknown-step",
      message: `run ${run.row.id} has no recorded step ${JSON.stringify(request.step ?? "")}`,
      hint: `its steps are: ${
        entries
          .map((each) => each.key)
          .filter((key) => key !== "")
          .join(", ") || "none yet"
      }`,
    };
  }
  const again = entries.filter((each) => each.seq >= entry.seq && each.key !== "").map((each) => each.key);
  const reopening: Reopening = {
    keys: [...new Set([...again, ...run.waits.map((wait) => wait.key)])],
    voidFrom: entry.seq,
    ...(request.input !== undefined && entry.input !== null ? { inputs: { [entry.key]: request.input } } : {}),
  };
  return reopen(run, request, reopening, entries);
}

function reopen(
  run: RunDetail,
  request: VerbRequest,
  reopening: Reopening | null,
  entries: readonly RecordedEntry[],
): VerbDecision {
  const isRunInput = request.input !== undefined && reopening?.inputs === undefined;
  const idle: Idle = { to: "ready", reopening, ...(isRunInput ? { input: request.input } : {}) };
  return act(run, request, idle, null, previewOf(entries, reopening));
}

function previewOf(entries: readonly RecordedEntry[], reopening: Reopening | null): Preview {
  const again = new Set(reopening?.keys ?? []);
  const kept = entries
    .filter((each) => each.key !== "" && each.outcome !== "error" && !again.has(each.key))
    .map((each) => each.key);
  return { runsAgain: [...again], kept: [...new Set(kept)] };
}

function act(
  run: RunDetail,
  request: VerbRequest,
  idle: Idle,
  asked: Request | null,
  preview: Preview = { runsAgain: [], kept: [] },
): VerbDecision {
  const { actor, verb, why } = request;
  return {
    ok: true,
    preview,
    transition: { kind: "intervene", run: run.row.no, seen: run.mark, idle, held: asked, audit: { actor, verb, why } },
  };
}

function held(request: VerbRequest, verb: Request["verb"]): Request {
  return { verb, actor: request.actor, why: request.why };
}

const hints: Readonly<Record<Verb, string>> = {
  cancel: "only a run that has not ended can be cancelled",
  suspend: "only a run that has not ended can be suspended",
  retry: "retry skips the back-off of a run that waits for its next attempt; use resume for a failed or suspended run",
  resume: "resume is for failed and suspended runs; use rerun to run the same input again as a new run",
  restart:
    "restart is for failed, suspended and waiting runs; suspend a running one first, use rerun for one that has ended",
};

function illegal(run: RunDetail, request: VerbRequest): VerbDecision {
  return {
    ok: false,
    code: "illegal",
    message: `run ${run.row.id} is ${run.row.status}: it cannot be ${pastOf[request.verb]}`,
    hint: hints[request.verb],
  };
}

const pastOf: Readonly<Record<Verb, string>> = {
  cancel: "cancelled",
  suspend: "suspended",
  retry: "retried",
  resume: "resumed",
  restart: "restarted",
};
