import type { Payload } from "./payload.ts";
import type { Reason } from "./reason.ts";
import type { RunError } from "./run-error.ts";
import type { DefinitionKind, RunStatus } from "./status.ts";
import type { Step } from "./step.ts";
import type { Verb } from "./verb.ts";

/** Who or what started a run. */
export interface StartedBy {
  readonly by: string;
  /** The event, as `source/id`. */
  readonly event?: string;
  /** The run that this one repeats (`rerun`). */
  readonly rerunOf?: string;
  /** The schedule, and the scheduled time that the run was started for; no time if a person started it. */
  readonly schedule?: string;
  readonly scheduledAt?: string;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt?: string;
  /** The run in another store that this one was imported from. */
  readonly importedFrom?: string;
}

/** A run in lists. */
export interface RunSummary {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly kind: DefinitionKind;
  readonly status: RunStatus;
  readonly reason: Reason | null;
  readonly reasonText: string | null;
  /** The business key, such as `deal:8841`. */
  readonly key: string | null;
  readonly attributes: Readonly<Record<string, unknown>> | null;
  readonly parentId: string | null;
  readonly startedBy: StartedBy;
  /** How many times a person has resumed or restarted it. */
  readonly round: number;
  readonly error: RunError | null;
  /** Shared by dead letters with the same error. */
  readonly fingerprint: string | null;
  /** Number of recorded step results. */
  readonly stepsDone: number;
  readonly createdAt: string;
  readonly endedAt: string | null;
  /** The run that continues this one (`continueAsNew`), or null. */
  readonly continuedAs: string | null;
}

/** A run with its details. `steps` has the first 200; `GET /api/runs/{id}/steps` lists all. */
export interface RunDetail extends RunSummary {
  readonly input: Payload;
  readonly output: Payload;
  readonly steps: readonly Step[];
  /** Recorded entries, including those that a restart invalidated. */
  readonly stepCount: number;
  readonly waits: readonly RunWait[];
  readonly children: readonly RunChild[];
  /** Recovery actions that its current state allows. */
  readonly verbs: readonly Verb[];
  /** Time during which at least one attempt was running, ms. */
  readonly busyMs: number;
  /** Periods without a running attempt, each longer than a minute, oldest first, at most 100. The last one may be open. */
  readonly idle: readonly Stretch[];
  /** The version for new runs, or null if this server does not know the workflow. */
  readonly liveVersion: number | null;
}

export interface Stretch {
  readonly from: string;
  readonly to: string | null;
}

/** `GET /api/runs/facets`: counts of matching runs by status. */
export interface Facets {
  readonly items: readonly Facet[];
}

export interface Facet extends MatchCount {
  readonly status: RunStatus;
}

/** What a run waits for. */
export interface RunWait {
  readonly step: string;
  readonly kind: "timer" | "event" | "child" | "retry" | "once" | "hold";
  readonly since: string;
  /** Null if the wait has no time limit. */
  readonly until: string | null;
  /** Event name, id of the child run, or last error, depending on the kind. */
  readonly name: string | null;
  readonly match: unknown;
}

export interface RunChild {
  readonly id: string;
  readonly step: string;
  readonly status: RunStatus;
}

/** `GET /api/runs/count` */
export interface MatchCount {
  readonly count: number;
  /** False if there are more. */
  readonly isExact: boolean;
}

/** A row of `GET /api/hours`: runs of one version in one hour. */
export interface HourCount {
  readonly name: string;
  readonly version: number;
  readonly status: "started" | "completed" | "failed" | "cancelled";
  readonly hour: string;
  readonly count: number;
}

/** `GET /api/runs/{id}/result`: 200 if the run has ended, 202 if not. */
export interface RunResult {
  readonly id: string;
  readonly status: RunStatus;
  readonly output: Payload;
  readonly error: RunError | null;
}
