import type { DefinitionKind, RunStatus } from "./status.ts";

/** A version of a workflow that the store or this process has. */
export interface DefinitionView {
  readonly name: string;
  readonly version: number;
  readonly kind: DefinitionKind;
  /** Whether this process has loaded it. */
  readonly isLoaded: boolean;
  /** Names of the events that start it. */
  readonly triggers: readonly string[];
  /** Hash of its code; null for code loaded by an application. */
  readonly fingerprint: string | null;
  readonly file: string | null;
  readonly createdAt: string | null;
  /** Whether it is the version for new runs. */
  readonly isUsed: boolean;
  /** Gets no new runs; `isRetired`: has no runs left either. */
  readonly isDrained: boolean;
  readonly isRetired: boolean;
  /** Why this process could not load it for a run that needs it; null if there was no problem. */
  readonly unloadable: string | null;
  /** Exact counts of runs by status; statuses without runs are omitted. */
  readonly runs: Readonly<Partial<Record<RunStatus, number>>>;
}

/** `GET /api/definitions/{name}`: a workflow with its details. */
export interface DefinitionDetail {
  readonly name: string;
  readonly kind: DefinitionKind;
  /** Newest first. */
  readonly versions: readonly DefinitionView[];
  /** JSON Schema 2020-12 of the input, for the version for new runs; null if it has no schema or cannot export one. */
  readonly inputSchema: Readonly<Record<string, unknown>> | null;
  readonly onFailure: "keep" | "compensate" | null;
  readonly queue: string | null;
  /** Ids of its schedules. */
  readonly schedules: readonly string[];
  readonly recent: RecentRuns;
}

/** Statistics of the newest ended runs. */
export interface RecentRuns {
  /** Number of runs in the sample, at most 200. */
  readonly sampled: number;
  readonly completed: number;
  readonly failed: number;
  /** From start to end; null without runs. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly steps: readonly RecentStep[];
}

export interface RecentStep {
  readonly name: string;
  readonly count: number;
  readonly failed: number;
  /** Runs in which the step needed more than one attempt. */
  readonly retried: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** `GET /api/definitions`. */
export interface Definitions {
  readonly items: readonly DefinitionView[];
  /** The folder or file they were loaded from. */
  readonly loadedFrom: string;
  /** Files that could not be loaded; definitions of other files work. */
  readonly problems: readonly DefinitionProblem[];
}

/** Why the definitions of a file are missing, or are those of its last valid version. */
export interface DefinitionProblem {
  readonly file: string;
  readonly line: number | null;
  readonly message: string;
}

/** Exact count of the runs of one version in one status. */
export interface RunCount {
  readonly name: string;
  readonly version: number;
  readonly kind: DefinitionKind;
  readonly status: RunStatus;
  readonly count: number;
}

/** `GET /api/counts`. */
export interface Counts {
  readonly items: readonly RunCount[];
}
