import type { DefinitionKind, RunStatus } from "./status.ts";

/** A version of a definition that the store or this process knows. */
export interface DefinitionView {
  readonly name: string;
  readonly version: number;
  readonly kind: DefinitionKind;
  /** Whether this process can run it. */
  readonly isLoaded: boolean;
  /** Names of the events that start it. */
  readonly triggers: readonly string[];
  /** Hash of its code; null where an app brings its own. */
  readonly fingerprint: string | null;
  readonly file: string | null;
  readonly createdAt: string | null;
  /** Whether new starts get it. */
  readonly isUsed: boolean;
  /** Takes no new starts any more; and `isRetired`: nothing of it is left either. */
  readonly isDrained: boolean;
  readonly isRetired: boolean;
  /** Why this process could not load it for a run that needs it; null: it could. */
  readonly unloadable: string | null;
  /** Runs by status, exact; statuses without any are left out. */
  readonly runs: Readonly<Partial<Record<RunStatus, number>>>;
}

/** `GET /api/definitions/{name}`: what a person wants to know of one definition. */
export interface DefinitionDetail {
  readonly name: string;
  readonly kind: DefinitionKind;
  /** Newest first. */
  readonly versions: readonly DefinitionView[];
  /** JSON Schema 2020-12 of the input of the version that new starts get; null: it takes anything, or cannot tell. */
  readonly inputSchema: Readonly<Record<string, unknown>> | null;
  readonly onFailure: "keep" | "compensate" | null;
  readonly queue: string | null;
  /** Ids of its schedules. */
  readonly schedules: readonly string[];
  readonly recent: RecentRuns;
}

/** Of the newest runs that have ended. */
export interface RecentRuns {
  /** Runs that were looked at: at most 200. */
  readonly sampled: number;
  readonly completed: number;
  readonly failed: number;
  /** From start to end; null without any. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly steps: readonly RecentStep[];
}

export interface RecentStep {
  readonly name: string;
  readonly count: number;
  readonly failed: number;
  /** Runs in which it took more than one attempt. */
  readonly retried: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** `GET /api/definitions`. */
export interface Definitions {
  readonly items: readonly DefinitionView[];
  /** The folder or file that they came from. */
  readonly loadedFrom: string;
  /** Files that could not be loaded; the others run. */
  readonly problems: readonly DefinitionProblem[];
}

/** Why a file's definitions are missing, or are those of its last good version. */
export interface DefinitionProblem {
  readonly file: string;
  readonly line: number | null;
  readonly message: string;
}

/** Runs of one definition version in one status, counted exactly. */
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
