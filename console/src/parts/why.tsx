import type { Reason } from "@wire/reason.ts";
import type { RunSummary } from "@wire/run.ts";
import { useNow } from "../shell/clock.tsx";
import { ago, duration } from "./time.ts";
import { firstLine } from "./words.ts";

/** Why a run stands where it stands, on one line: what failed, what is tried when, on whom or what it waits. */
export function Why({ run }: { run: Pick<RunSummary, "status" | "reason" | "reasonText" | "error"> }) {
  const now = useNow();
  return <>{whyText(run, now)}</>;
}

/** The same as text; empty of a run that is completed. */
export function whyText(
  { status, reason, reasonText, error }: Pick<RunSummary, "status" | "reason" | "reasonText" | "error">,
  now: number,
): string {
  if (status === "completed") return "";
  if (reason === null) return firstLine(reasonText ?? error?.message ?? "");
  return firstLine(reasonWords(reason, now) ?? reasonText ?? error?.message ?? "");
}

function reasonWords(reason: Reason, now: number): string | null {
  const due = (until: string | null): string => (until === null ? "" : ` · due ${ago(now - Date.parse(until))}`);
  const since = (at: string): string => ` · for ${duration(now - Date.parse(at))}`;
  switch (reason.code) {
    case "exhausted":
      return `${reason.step}: ${reason.error}`;
    case "error":
      return reason.step === null ? reason.error : `${reason.step}: ${reason.error}`;
    case "retry":
      return `${reason.step}: ${reason.error ?? "failed"} · attempt ${reason.attempt} ${ago(now - Date.parse(reason.until))}`;
    case "timer":
      return `${reason.step}${due(reason.until)}`;
    case "event":
      return `event ${reason.name}${matchWords(reason.match)}${since(reason.since)}${due(reason.until)}`;
    case "child":
      return `child run ${reason.run}${since(reason.since)}`;
    case "scheduled":
      return `starts ${ago(now - Date.parse(reason.until))}`;
    case "slot":
      return `slot of ${reason.key} (limit ${reason.limit}), ${reason.ahead} ahead${since(reason.since)}`;
    case "queued":
      return "ready, no worker has taken it yet";
    case "running":
      return reason.worker === null ? "" : `on ${reason.worker}`;
    case "several":
      return reason.reasons.map((each) => reasonWords(each, now)).join("; ");
    default:
      return null;
  }
}

function matchWords(match: unknown): string {
  if (typeof match !== "object" || match === null) return "";
  const pairs = Object.entries(match).map(([path, value]) => `${path}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : ` with ${pairs.join(", ")}`;
}
