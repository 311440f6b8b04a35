/** Where a run stands. See `moves` for what may follow what; the chart in docs/states.md is made from that table. */
export const runStatuses = [
  "pending",
  "running",
  "waiting",
  "suspended",
  "compensating",
  "completed",
  "failed",
  "cancelled",
] as const;
export type RunStatus = (typeof runStatuses)[number];

/** Statuses of a run at rest. `failed` is left only by a recorded recovery verb; the other two never. */
export const restStatuses = ["completed", "failed", "cancelled"] as const;
export type RestStatus = (typeof restStatuses)[number];

/**
 * The legal moves of a run. `completed` is left by one way only: a parent that is compensated and had asked for it
 * (`undo: "compensate"`) has its child undone. Old names stay for ever: a status may be added, none merged or
 * renamed.
 */
export const moves: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  pending: ["running", "waiting", "suspended", "compensating", "cancelled"],
  running: ["pending", "waiting", "suspended", "compensating", "completed", "failed", "cancelled"],
  waiting: ["running", "suspended", "compensating", "cancelled", "pending"],
  suspended: ["pending", "waiting", "running", "compensating", "cancelled", "failed"],
  compensating: ["failed", "cancelled", "suspended"],
  completed: ["compensating"],
  failed: ["pending", "compensating"],
  cancelled: [],
};

export function isAtRest(status: RunStatus): status is RestStatus {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** What a step shows to people; only its result is recorded, the rest is derived. */
export const stepStatuses = [
  "pending",
  "running",
  "waiting",
  "completed",
  "failed",
  "skipped",
  "compensated",
  "abandoned",
] as const;
export type StepStatus = (typeof stepStatuses)[number];
