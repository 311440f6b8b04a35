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
/** The status of a run. Statuses can be added but are never merged or renamed. */
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
/** The status of a step. `abandoned`: the code ended before the step. */
export type StepStatus = (typeof stepStatuses)[number];

export const attemptStatuses = ["running", "completed", "failed", "timed-out", "lost", "aborted"] as const;
/** The outcome of an attempt. `lost`: the process crashed, so it is unknown whether the attempt had an effect. */
export type AttemptStatus = (typeof attemptStatuses)[number];

export const definitionKinds = ["automation", "sync", "task", "workflow"] as const;
export type DefinitionKind = (typeof definitionKinds)[number];

/** Whether a run has ended: completed, cancelled or failed. A failed run can be resumed. */
export function isAtRest(status: RunStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}
