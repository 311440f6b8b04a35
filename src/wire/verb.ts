export const verbs = ["resume", "restart", "retry", "cancel", "suspend", "rerun"] as const;
/** What people ask of a run, the same words in API, command line and console. */
export type Verb = (typeof verbs)[number];

/** Body of `POST /api/runs/{id}/{verb}`. Each verb takes a part of it. */
export interface VerbBody {
  /** `restart`: the step to start over from. */
  readonly step?: string;
  /** `resume`, `restart`, `rerun`: edited input. */
  readonly input?: unknown;
  /** Kept in the audit. */
  readonly reason?: string;
  /** Says what would happen and changes nothing. */
  readonly dryRun?: boolean;
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
}
