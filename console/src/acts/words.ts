import type { BulkVerb } from "@wire/bulk.ts";
import type { Verb } from "@wire/verb.ts";

/** How a verb is told. */
export interface VerbWords {
  /** On a button; `{step}` stands for the step that it begins at. */
  readonly label: string;
  /** What it does, for the sheet that asks before. */
  readonly does: string;
  /** What was done, for the message after it. */
  readonly done: string;
  readonly isDangerous?: boolean;
}

/** The verbs are the words of the API and the command line; a console that had its own would need a dictionary. */
export const verbWords: Readonly<Record<Verb, VerbWords>> = {
  resume: {
    label: "Resume from {step}",
    does: "The same run goes on from the step that stopped it. What was done is kept.",
    done: "Resumed",
  },
  restart: {
    label: "Restart from {step}",
    does: "The same run does this step and all after it again. What came before is kept.",
    done: "Restarted",
  },
  "complete-step": {
    label: "Complete {step}…",
    does: "The step is taken as done with the output that you give, and the run goes on after it.",
    done: "Completed the step",
  },
  retry: { label: "Retry now", does: "The next attempt is made now instead of after its back-off.", done: "Retrying" },
  compensate: {
    label: "Compensate",
    does: "What the run has done is undone, newest first, where its steps say how.",
    done: "Compensating",
    isDangerous: true,
  },
  cancel: {
    label: "Cancel",
    does: "The run ends for good. What it has done stays done, unless you also ask for its undoing.",
    done: "Cancelled",
    isDangerous: true,
  },
  suspend: {
    label: "Suspend",
    does: "The run halts until somebody resumes it. Its timers go on, unless you halt them too.",
    done: "Suspended",
  },
  dismiss: {
    label: "Dismiss",
    does: "The run leaves the dead letters: nobody will mend it. Its history stays.",
    done: "Dismissed",
    isDangerous: true,
  },
  rerun: {
    label: "Run again",
    does: "A new run starts with the same input, or an edited one. This one stays as it is.",
    done: "Started a new run",
  },
};

/** The verbs for many runs. */
export const bulkWords: Readonly<Record<BulkVerb, { readonly label: string; readonly does: string }>> = {
  redrive: { label: "Redrive", does: "Dead letters are resumed from the steps that failed; what was done is kept." },
  resume: { label: "Resume", does: verbWords.resume.does },
  retry: { label: "Retry now", does: verbWords.retry.does },
  cancel: { label: "Cancel", does: verbWords.cancel.does },
  suspend: { label: "Suspend", does: verbWords.suspend.does },
  compensate: { label: "Compensate", does: verbWords.compensate.does },
  dismiss: { label: "Dismiss", does: verbWords.dismiss.does },
};

/** The label with the step that it begins at, or without one. */
export function labelOf(verb: Verb, step: string | null): string {
  const { label } = verbWords[verb];
  return step === null ? label.replace(/ (from )?\{step\}/, "") : label.replace("{step}", step);
}
