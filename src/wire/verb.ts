export const verbs = [
  "resume",
  "restart",
  "complete-step",
  "retry",
  "compensate",
  "cancel",
  "suspend",
  "dismiss",
  "rerun",
] as const;
/** Recovery actions of a run, with the same names in API, command line and console. */
export type Verb = (typeof verbs)[number];

/** Body of `POST /api/runs/{id}/{verb}`. Each action uses some of the fields. */
export interface VerbBody {
  /** `restart`: the step to restart from. `complete-step`: the step; default: the one that stopped the run. */
  readonly step?: string;
  /** `complete-step`: the output to record. */
  readonly output?: unknown;
  /** `cancel`: run the compensations first. */
  readonly compensate?: boolean;
  /** `suspend`: pause timers until the run is resumed. */
  readonly stopClocks?: boolean;
  /** `resume`, `restart`, `rerun`: edited input. */
  readonly input?: unknown;
  /** Written to the audit log. */
  readonly reason?: string;
  /** Returns what would happen, without changing anything. */
  readonly dryRun?: boolean;
}

/** Body of `POST /api/runs/{id}/reveal`: exactly one of the fields. */
export interface RevealBody {
  readonly step?: string;
  readonly field?: "input" | "output";
  readonly reason?: string;
}

/** What an action would do: the response to `dryRun`. */
export interface VerbPreview {
  readonly dryRun: true;
  readonly run: string;
  readonly verb: Verb;
  readonly status: string;
  /** Step keys. */
  readonly runsAgain: readonly string[];
  readonly kept: readonly string[];
  /** Completed steps that are compensated if they declare how, newest first. */
  readonly undone: readonly string[];
  /** Steps that run again and are not safe to repeat. */
  readonly notIdempotent: readonly string[];
}
