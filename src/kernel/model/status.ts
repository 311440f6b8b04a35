/** The status of a run. `moves` lists the allowed changes; the chart in docs/look-up/states.md is generated from it. */
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

/**
 * Statuses of an ended run. Only a recorded recovery action leaves `failed`, nothing leaves `cancelled`; for
 * `completed` see `moves`.
 */
export const restStatuses = ["completed", "failed", "cancelled"] as const;
export type RestStatus = (typeof restStatuses)[number];

/**
 * The allowed status changes of a run. `completed` changes in one case only: a compensated parent that requested it
 * (`undo: "compensate"`) has its child undone. Names are permanent: a status may be added, but never merged or renamed.
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

/** The status of a step as shown to people. Only its result is recorded, the rest is derived. */
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
