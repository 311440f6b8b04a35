import type { RunStatus } from "./status.ts";

/** Why a run has its current state: the same facts in every list, page and command. */
export type Reason =
  | { readonly code: "queued" }
  | { readonly code: "scheduled"; readonly until: number }
  | {
      readonly code: "no-worker";
      readonly definition: string;
      readonly version: number;
      /** Why the worker that tried cannot serve it. */
      readonly detail?: string;
    }
  | { readonly code: "running"; readonly worker: string | null }
  | { readonly code: "timer"; readonly step: string; readonly until: number | null }
  | {
      readonly code: "event";
      readonly step: string;
      readonly name: string;
      readonly match: unknown;
      readonly since: number;
      readonly until: number | null;
    }
  | { readonly code: "child"; readonly step: string; readonly run: string; readonly since: number }
  | {
      readonly code: "retry";
      readonly step: string;
      readonly attempt: number;
      readonly until: number;
      readonly error: string | null;
    }
  | { readonly code: "several"; readonly reasons: readonly Reason[] }
  | { readonly code: "by-person"; readonly by: string; readonly why: string | null }
  | { readonly code: "exhausted"; readonly step: string; readonly error: string }
  | { readonly code: "unknown-outcome"; readonly step: string }
  | {
      readonly code: "diverged";
      readonly detail: string;
      readonly recorded: readonly string[];
      readonly asked: readonly string[];
    }
  | { readonly code: "error"; readonly step: string | null; readonly error: string }
  | { readonly code: "crash-loop"; readonly deaths: number }
  /** A value of the run cannot be sealed or opened because the key is missing. */
  | { readonly code: "sealed"; readonly step: string | null; readonly error: string }
  /** Queued for a full slot; `holders` are at most ten of the runs that hold it. */
  | {
      readonly code: "slot";
      readonly key: string;
      readonly limit: number;
      readonly holders: readonly string[];
      readonly ahead: number;
      readonly since: number;
    }
  /** Its completed steps are being undone. */
  | { readonly code: "compensating"; readonly end: "failed" | "cancelled"; readonly error: string | null }
  | { readonly code: "compensated"; readonly undone: readonly string[]; readonly error: string | null }
  | {
      readonly code: "compensation-failed";
      readonly step: string;
      readonly error: string;
      readonly undone: readonly string[];
      /** Steps still to be undone, the failed one first. */
      readonly left: readonly string[];
    }
  /** A step may or may not have happened, and its undo does not handle that. */
  | { readonly code: "unknown-undo"; readonly step: string }
  | { readonly code: "dismissed"; readonly by: string; readonly why: string | null; readonly error: string }
  /** A run of another store, with its status there. */
  | { readonly code: "imported"; readonly run: string; readonly status: RunStatus };

/** Describes a reason in one line for people. Times are RFC 3339 UTC. */
export function describeReason(reason: Reason): string {
  switch (reason.code) {
    case "queued":
      return "ready, waiting for a worker";
    case "scheduled":
      return `scheduled to start at ${iso(reason.until)}`;
    case "no-worker":
      return `no worker has ${reason.definition} version ${reason.version}${reason.detail === undefined ? "" : `: ${reason.detail}`}`;
    case "running":
      return reason.worker === null ? "running" : `running on ${reason.worker}`;
    case "timer":
      return `waiting for "${reason.step}" until ${reason.until === null ? "woken" : iso(reason.until)}`;
    case "event":
      return `waiting for event ${reason.name}${matchText(reason.match)}${reason.until === null ? "" : ` until ${iso(reason.until)}`}`;
    case "child":
      return `waiting for child run ${reason.run}`;
    case "retry":
      return `retrying "${reason.step}", attempt ${reason.attempt} at ${iso(reason.until)}${reason.error === null ? "" : `: ${reason.error}`}`;
    case "several":
      return reason.reasons.map(describeReason).join("; ");
    case "by-person":
      return `by ${reason.by}${reason.why === null ? "" : `: ${reason.why}`}`;
    case "exhausted":
      return `"${reason.step}" used up its retries and needs a person: ${reason.error}`;
    case "unknown-outcome":
      return `the outcome of "${reason.step}" is unknown: it runs at most once and its process crashed; check the other system, then resume to run it again`;
    case "diverged":
      return `the code differs from the recorded history: ${reason.detail}. Recorded steps: ${reason.recorded.join(", ")}. Steps in the code: ${reason.asked.join(", ")}`;
    case "error":
      return reason.step === null ? reason.error : `"${reason.step}": ${reason.error}`;
    case "crash-loop":
      return `crashed its process ${reason.deaths} times`;
    case "sealed":
      return `${reason.step === null ? "a sensitive value" : `the sensitive value of "${reason.step}"`} cannot be used here: ${reason.error}; restore the key, then resume`;
    case "slot":
      return `waiting for a slot of "${reason.key}" (limit ${reason.limit}), held by ${reason.holders.join(", ") || "no run"}; ${reason.ahead} ahead of it`;
    case "compensating":
      return `compensating, then ${reason.end}${reason.error === null ? "" : `: ${reason.error}`}`;
    case "compensated":
      return `${reason.error ?? "Compensated"}. ${reason.undone.length === 0 ? "Nothing to undo" : `Undone: ${reason.undone.join(", ")}`}.`;
    case "compensation-failed":
      return `could not undo "${reason.step}": ${reason.error}. Not undone: ${reason.left.join(", ")}. Undone: ${reason.undone.join(", ") || "nothing"}`;
    case "unknown-undo":
      return `the outcome of "${reason.step}" is unknown and its undo does not handle that; check the other system, undo the step manually if it happened, then complete-step "undo:${reason.step}"`;
    case "dismissed":
      return `dismissed by ${reason.by}${reason.why === null ? "" : `: ${reason.why}`}; the error was: ${reason.error}`;
    case "imported":
      return `imported from run ${reason.run}, which was ${reason.status}`;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function matchText(match: unknown): string {
  if (typeof match !== "object" || match === null) return "";
  const pairs = Object.entries(match).map(([path, value]) => `${path}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : ` with ${pairs.join(", ")}`;
}
