import type { BulkVerb } from "@wire/bulk.ts";
import type { Verb } from "@wire/verb.ts";

/** The texts of an action on one run. */
export interface ActionTexts {
  /** On a button; `{step}` is replaced by the step that the action starts from. */
  readonly label: string;
  /** What the action does, for the confirmation dialog. */
  readonly description: string;
  /** For the message after the action, such as "Resumed". */
  readonly done: string;
  /** Label of the button that closes the dialog without the action, where "Cancel" would be ambiguous. */
  readonly cancelLabel?: string;
  readonly isDangerous?: boolean;
}

/** The labels use the same words as the API and the CLI. */
export const runActionTexts: Readonly<Record<Verb, ActionTexts>> = {
  resume: {
    label: "Resume from {step}",
    description: "Continues from the step that stopped the run. Completed steps are kept.",
    done: "Resumed",
  },
  restart: {
    label: "Restart from {step}",
    description: "Runs this step and all later steps again. Earlier steps are kept.",
    done: "Restarted",
  },
  "complete-step": {
    label: "Complete {step}…",
    description: "Marks the step as completed with the output that you enter, and continues the run.",
    done: "Completed the step",
  },
  retry: {
    label: "Retry now",
    description: "Starts the next attempt now instead of waiting for the backoff.",
    done: "Retrying",
  },
  compensate: {
    label: "Compensate",
    description: "Undoes completed steps that declare an undo, newest first.",
    done: "Compensating",
    isDangerous: true,
  },
  cancel: {
    label: "Cancel run",
    description: "Ends the run permanently. Completed steps are not undone unless you select it below.",
    done: "Cancelled",
    cancelLabel: "Keep running",
    isDangerous: true,
  },
  suspend: {
    label: "Suspend",
    description: "Halts the run until someone resumes it. Its timers keep running unless you halt them too.",
    done: "Suspended",
  },
  dismiss: {
    label: "Dismiss",
    description: "Removes the run from the dead letters without fixing it. Its history is kept.",
    done: "Dismissed",
    isDangerous: true,
  },
  rerun: {
    label: "Run again",
    description: "Starts a new run with the same input or an edited one. This run is unchanged.",
    done: "Started a new run",
  },
};

/** The texts of an action on many runs. */
export const bulkActionTexts: Readonly<Record<BulkVerb, Pick<ActionTexts, "label" | "description" | "cancelLabel">>> = {
  redrive: {
    label: "Redrive",
    description: "Resumes dead letters from the step that failed. Completed steps are kept.",
  },
  resume: { label: "Resume", description: runActionTexts.resume.description },
  retry: { label: "Retry now", description: runActionTexts.retry.description },
  cancel: {
    label: "Cancel",
    description: "Ends the runs permanently. Completed steps are not undone.",
    cancelLabel: "Keep running",
  },
  suspend: { label: "Suspend", description: "Halts the runs until someone resumes them. Their timers keep running." },
  compensate: { label: "Compensate", description: runActionTexts.compensate.description },
  dismiss: {
    label: "Dismiss",
    description: "Removes the runs from the dead letters without fixing them. Their histories are kept.",
  },
};

/** The label, with the step that the action starts from if there is one. */
export function runActionLabel(verb: Verb, step: string | null): string {
  const { label } = runActionTexts[verb];
  return step === null ? label.replace(/ (from )?\{step\}/, "") : label.replace("{step}", step);
}
