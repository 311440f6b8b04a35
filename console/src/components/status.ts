import type { RunSummary } from "@wire/run.ts";
import type { RunStatus, StepStatus } from "@wire/status.ts";

/** The meaning of a colour. */
export type Tone = "ok" | "bad" | "warn" | "calm" | "undo" | "go";

/** How a status is displayed. */
export interface Badge {
  readonly label: string;
  readonly glyph: string;
  readonly tone: Tone;
}

/** Each status of a run, most important first. */
export const runStatus: Readonly<Record<RunStatus, Badge>> = {
  failed: { label: "Failed", glyph: "✕", tone: "bad" },
  suspended: { label: "Suspended", glyph: "‖", tone: "warn" },
  waiting: { label: "Waiting", glyph: "◷", tone: "calm" },
  running: { label: "Running", glyph: "▶", tone: "go" },
  pending: { label: "Pending", glyph: "○", tone: "calm" },
  compensating: { label: "Compensating", glyph: "↩", tone: "undo" },
  completed: { label: "Completed", glyph: "✓", tone: "ok" },
  cancelled: { label: "Cancelled", glyph: "⊘", tone: "calm" },
};

/** Run statuses, most important first. */
export const statusOrder = Object.keys(runStatus) as readonly RunStatus[];

const retrying: Badge = { label: "Retrying", glyph: "↻", tone: "warn" };
const compensated: Badge = { label: "Compensated", glyph: "↩", tone: "undo" };

/** The displayed status of a run: one that waits for its next attempt is shown as retrying. */
export function statusBadge({ status, reason }: Pick<RunSummary, "status" | "reason">): Badge {
  if (status === "waiting" && reason?.code === "retry") return retrying;
  if (status === "failed" && reason?.code === "compensated") return compensated;
  return runStatus[status];
}

/** Each status of a step. */
export const stepStatus: Readonly<Record<StepStatus, Badge>> = {
  completed: { label: "Completed", glyph: "✓", tone: "ok" },
  failed: { label: "Failed", glyph: "✕", tone: "bad" },
  running: { label: "Running", glyph: "▶", tone: "go" },
  waiting: { label: "Waiting", glyph: "◷", tone: "calm" },
  pending: { label: "Not run", glyph: "○", tone: "calm" },
  skipped: { label: "Skipped", glyph: "⤼", tone: "calm" },
  compensated: { label: "Undone", glyph: "↩", tone: "undo" },
  abandoned: { label: "Abandoned", glyph: "⊘", tone: "calm" },
};
