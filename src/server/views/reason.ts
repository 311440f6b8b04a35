import type { Reason } from "../../kernel/model/reason.ts";
import type { Reason as WireReason } from "../../wire/reason.ts";
import { iso, isoOrNull } from "./time.ts";

/** A kernel reason with its times as text. */
export function reasonView(reason: Reason): WireReason {
  switch (reason.code) {
    case "scheduled":
      return { ...reason, until: iso(reason.until) };
    case "timer":
      return { ...reason, until: isoOrNull(reason.until) };
    case "event":
      return { ...reason, since: iso(reason.since), until: isoOrNull(reason.until) };
    case "child":
    case "slot":
      return { ...reason, since: iso(reason.since) };
    case "retry":
      return { ...reason, until: iso(reason.until) };
    case "several":
      return { ...reason, reasons: reason.reasons.map(reasonView) };
    default:
      return reason;
  }
}
