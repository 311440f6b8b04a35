import type { ErrorRecord } from "./errors.ts";
import type { Reason } from "./reason.ts";
import type { RunStatus } from "./status.ts";

/** How a run ends once its completed steps are undone. */
export type Compensation = {
  readonly isFrontierUnknown?: boolean;
  /** Completed steps stay as they are: only the registered cleanups are called. */
  readonly isCleanupOnly?: boolean;
} & (
  | {
      readonly end: "failed";
      readonly error: ErrorRecord;
      readonly fingerprint: string;
      readonly step: string | null;
    }
  | { readonly end: "cancelled"; readonly reason: Reason }
);

export type DefinitionKind = "automation" | "sync" | "task" | "workflow";

/** A named description with its version; a run is pinned to it. */
export interface DefinitionRef {
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly version: number;
}

/** Who or what started a run. */
export interface Origin {
  readonly by: string;
  readonly event?: string;
  readonly rerunOf?: string;
  /** The run that this one continues. */
  readonly continues?: string;
  /** The schedule's id, and the scheduled time that it was started for; none if a person started it. */
  readonly schedule?: string;
  readonly scheduledAt?: number;
  /** @deprecated Use `scheduledAt`. */
  readonly nominalAt?: number;
  /** The run in another store that this one was copied from. */
  readonly importedFrom?: string;
}

/** Reads a stored origin. Runs of earlier versions have only `nominalAt`. */
export function readOrigin(text: string): Origin {
  const { nominalAt, scheduledAt = nominalAt, ...origin } = JSON.parse(text) as Origin;
  return scheduledAt === undefined ? origin : { ...origin, scheduledAt, nominalAt: scheduledAt };
}

/** A leased run: what its holder needs before it loads the journal. `no` is the store's short number for `id`. */
export interface LeasedRun {
  readonly no: number;
  readonly id: string;
  readonly fence: number;
  readonly round: number;
  readonly definition: DefinitionRef;
  readonly input: string | null;
  readonly key: string | null;
  readonly createdAt: number;
  /** Never leased before: there is no journal to load. */
  readonly isFresh: boolean;
  /** The last lease ended with a crash of its holder: the operations it had begun may have happened. */
  readonly isUnclean: boolean;
  /** Leases in a row that ended with a crash without any commit; from `suspectFrom` on, the run is leased alone. */
  readonly uncleanCount: number;
  /** Store time after which it fails, or null. */
  readonly deadlineAt: number | null;
  /** Set while its completed steps are being undone. */
  readonly compensation: Compensation | null;
}

/** A run as shown in lists. */
export interface RunRow {
  readonly no: number;
  readonly id: string;
  readonly definition: DefinitionRef;
  readonly status: RunStatus;
  readonly reason: Reason | null;
  readonly key: string | null;
  readonly attributes: Readonly<Record<string, unknown>> | null;
  readonly parentId: string | null;
  readonly origin: Origin;
  readonly round: number;
  readonly error: ErrorRecord | null;
  readonly fingerprint: string | null;
  /** Number of recorded results: the place of the newest in its history. */
  readonly stepsDone: number;
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** The run that continues this one, or null. */
  readonly continuedAs: string | null;
}

/** The run's state when an action was decided; the action changes nothing if the run has changed since. */
export interface RunMark {
  readonly fence: number;
  readonly round: number;
  /** Whether it had ended: a run that ends keeps its fence. Omitted: the decision does not depend on it. */
  readonly isOpen?: boolean;
}
