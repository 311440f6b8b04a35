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
/** What people ask of a run, the same words in API, command line and console. */
export type Verb = (typeof verbs)[number];

/** Body of `POST /api/runs/{id}/{verb}`. Each verb takes a part of it. */
export interface VerbBody {
  /** `restart`: the step to start over from. `complete-step`: the step; without it the one that stopped the run. */
  readonly step?: string;
  /** `complete-step`: what the step is taken to have given. */
  readonly output?: unknown;
  /** `cancel`: undo what was done first. */
  readonly compensate?: boolean;
  /** `suspend`: timers stand still until the run is resumed. */
  readonly stopClocks?: boolean;
  /** `resume`, `restart`, `rerun`: edited input. */
  readonly input?: unknown;
  /** Kept in the audit. */
  readonly reason?: string;
  /** Says what would happen and changes nothing. */
  readonly dryRun?: boolean;
}

/** Body of `POST /api/runs/{id}/reveal`: one of both. */
export interface RevealBody {
  readonly step?: string;
  readonly field?: "input" | "output";
  readonly reason?: string;
}

/** What a verb would do, the answer to `dryRun`. */
export interface VerbPreview {
  readonly dryRun: true;
  readonly run: string;
  readonly verb: Verb;
  readonly status: string;
  /** Step keys. */
  readonly runsAgain: readonly string[];
  readonly kept: readonly string[];
  /** Completed steps that are undone when they declare how, newest first. */
  readonly undone: readonly string[];
  /** Of those that run again: what is not safe to repeat. */
  readonly notIdempotent: readonly string[];
}
