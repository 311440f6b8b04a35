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
  /** The run that this one repeats. */
  readonly rerunOf?: string;
  /** The schedule, and the nominal time that it was started for; none when a person ran it now. */
  readonly schedule?: string;
  readonly scheduledAt?: string;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt?: string;
  /** The run of another store that this one is a copy of. */
  readonly importedFrom?: string;
}

/** A run as lists show it. */
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
  /** How often a person has set it going again. */
  readonly round: number;
  readonly error: RunError | null;
  /** Shared by dead letters of one cause. */
  readonly fingerprint: string | null;
  /** Results that its steps have recorded so far. */
  readonly stepsDone: number;
  readonly createdAt: string;
  readonly endedAt: string | null;
  /** The run that went on in its place (`continueAsNew`), or null. */
  readonly continuedAs: string | null;
}

/** A run with what belongs to it. `steps` are the first 200; `GET /api/runs/{id}/steps` pages through all. */
export interface RunDetail extends RunSummary {
  readonly input: Payload;
  readonly output: Payload;
  readonly steps: readonly Step[];
  /** Recorded entries, also those that a restart has made void. */
  readonly stepCount: number;
  readonly waits: readonly RunWait[];
  readonly children: readonly RunChild[];
  /** What may be asked of it as it stands now. */
  readonly verbs: readonly Verb[];
  /** Time in which at least one attempt was under way, ms. */
  readonly busyMs: number;
  /** Stretches in which none was, each longer than a minute, oldest first, at most 100; the last may be open. */
  readonly idle: readonly Stretch[];
  /** The version that new starts get, or null when nobody here knows the definition. */
  readonly liveVersion: number | null;
}

export interface Stretch {
  readonly from: string;
  readonly to: string | null;
}

/** `GET /api/runs/facets`: how many of the runs that match otherwise have each status. */
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
  /** Null when only the awaited thing ends it. */
  readonly until: string | null;
  /** Event name, child's run id or last error, by kind. */
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
  /** False: there are more. */
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

/** `GET /api/runs/{id}/result`: with 200 the run is at rest, with 202 it is not yet. */
export interface RunResult {
  readonly id: string;
  readonly status: RunStatus;
  readonly output: Payload;
  readonly error: RunError | null;
}
