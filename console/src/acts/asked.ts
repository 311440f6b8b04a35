import type { RunDetail } from "@wire/run.ts";
import type { Verb } from "@wire/verb.ts";

/** Which verb of a run is asked for, and about what. */
export interface VerbAsked {
  readonly verb: Verb;
  /** Key of the step that it is about. */
  readonly step?: string;
  /** With a field to edit the input in. */
  readonly withInput?: boolean;
}

/** The step that a resume begins at. */
export function stoppedAt(run: RunDetail): string | null {
  const { reason } = run;
  if (reason !== null && "step" in reason && reason.step !== null) return reason.step;
  return run.steps.findLast((step) => step.status === "failed")?.key ?? null;
}
