import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";

/** An action on a run that the user has chosen and not confirmed yet. */
export interface RunAction {
  readonly verb: Verb;
  /** Key of the step that the action applies to. */
  readonly step?: string;
  /** Whether the dialog has a field to edit the input. */
  readonly withInput?: boolean;
}

/** Key of the step that stopped the run: a resume starts there. */
export function findStoppedStep(run: RunDetail): string | null {
  const { reason } = run;
  if (reason !== null && "step" in reason && reason.step !== null) return reason.step;
  return run.steps.findLast((step) => step.status === "failed")?.key ?? null;
}
