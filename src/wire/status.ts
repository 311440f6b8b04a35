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
/** Where a run stands. Statuses may be added, none is ever merged or renamed. */
export type RunStatus = (typeof runStatuses)[number];

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
/** Where a step stands. `abandoned`: the run's code ended before the step did. */
export type StepStatus = (typeof stepStatuses)[number];

export const attemptStatuses = ["running", "completed", "failed", "timed-out", "lost", "aborted"] as const;
/** How one try of a step went. `lost`: its process died, so nobody knows whether it acted. */
export type AttemptStatus = (typeof attemptStatuses)[number];

export const definitionKinds = ["automation", "sync", "task", "workflow"] as const;
export type DefinitionKind = (typeof definitionKinds)[number];

/** Whether a run is over: completed, cancelled, or at rest as a dead letter until somebody resumes it. */
export function isAtRest(status: RunStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}
