import type { Reason } from "@wire/reason.ts";
import type { RunSummary } from "@wire/run.ts";
import { useNow } from "../shell/clock.tsx";
import { firstLine } from "./text.ts";
import { formatDuration, formatRelative } from "./time.ts";

/** The reason for a run's status in one line: what failed, when the next attempt starts, or what it waits for. */
export function RunReason({ run }: { run: Pick<RunSummary, "status" | "reason" | "reasonText" | "error"> }) {
  const now = useNow();
  return <>{runReasonText(run, now)}</>;
}

/** The same as text; empty for a completed run. */
export function runReasonText(
  { status, reason, reasonText, error }: Pick<RunSummary, "status" | "reason" | "reasonText" | "error">,
  now: number,
): string {
  if (status === "completed") return "";
  if (reason === null) return firstLine(reasonText ?? error?.message ?? "");
  return firstLine(describeReason(reason, now) ?? reasonText ?? error?.message ?? "");
}

function describeReason(reason: Reason, now: number): string | null {
  const due = (until: string | null): string =>
    until === null ? "" : ` · due ${formatRelative(now - Date.parse(until))}`;
  const since = (at: string): string => ` · for ${formatDuration(now - Date.parse(at))}`;
  switch (reason.code) {
    case "exhausted":
      return `${reason.step}: ${reason.error}`;
    case "error":
      return reason.step === null ? reason.error : `${reason.step}: ${reason.error}`;
    case "retry":
      return `${reason.step}: ${reason.error ?? "failed"} · attempt ${reason.attempt} ${formatRelative(now - Date.parse(reason.until))}`;
    case "timer":
      return `${reason.step}${due(reason.until)}`;
    case "event":
      return `event ${reason.name}${matchText(reason.match)}${since(reason.since)}${due(reason.until)}`;
    case "child":
      return `child run ${reason.run}${since(reason.since)}`;
    case "scheduled":
      return `starts ${formatRelative(now - Date.parse(reason.until))}`;
    case "slot":
      return `waiting for a slot of ${reason.key} (limit ${reason.limit}), ${reason.ahead} ahead${since(reason.since)}`;
    case "queued":
      return "ready, waiting for a worker";
    case "running":
      return reason.worker === null ? "" : `on ${reason.worker}`;
    case "several":
      return reason.reasons.map((each) => describeReason(each, now)).join("; ");
    default:
      return null;
  }
}

function matchText(match: unknown): string {
  if (typeof match !== "object" || match === null) return "";
  const pairs = Object.entries(match).map(([path, value]) => `${path}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : ` with ${pairs.join(", ")}`;
}
