import type { BulkItem, BulkRequest, BulkRow, LotState } from "../model/bulk.ts";
import type { RunDetail } from "../model/detail.ts";
import type { Checkup, CounterDrift, InvariantViolation } from "../model/doctor.ts";
import type { Journal, RecordedEntry, Reopening } from "../model/journal.ts";
import type { DefinitionRef, LeasedRun, RunRow } from "../model/run.ts";
import type { RunTime } from "../model/run-time.ts";
import type { Firing, FiringGap, ScheduleRow } from "../model/schedule.ts";
import type { RestStatus, RunStatus } from "../model/status.ts";
import type { Artifact, VersionRow } from "../model/version.ts";
import type { ViewRow } from "../model/view.ts";

/**
 * Every read of the store, by name. Lists are keyset pages: `before` is the number of the last row of the previous
 * page.
 */
export interface Queries {
  runs: { params: RunFilter; result: readonly RunRow[] };
  /** How many match: exact if counters have it, otherwise up to 10,000. */
  count: { params: RunFilter; result: { readonly count: number; readonly isExact: boolean } };
  /** The same for each status. The filter's own status is ignored. */
  facets: { params: RunFilter; result: readonly Facet[] };
  /** Runs started and ended, by hour (ms since 1970 / 3,600,000), definition version and status. */
  hours: { params: { from: number; to: number; definition?: string }; result: readonly HourRow[] };
  /** By id. A unique prefix is enough; `latest` is the newest run. */
  run: { params: { id: string }; result: RunDetail | null };
  /** Up to three ids with this prefix, to tell unknown from ambiguous ones. */
  prefix: { params: { id: string }; result: readonly string[] };
  /** How a run spent its time. */
  runTime: { params: { run: number }; result: RunTime };
  steps: { params: { run: number; after: number; limit: number }; result: readonly RecordedEntry[] };
  /** What recovery actions reopened, oldest first: the earlier entries that they name are void. */
  reopenings: { params: { run: number }; result: readonly { seq: number; reopening: Reopening }[] };
  /** The whole value of one slot of a run: `input`, `output`, `step:<seq>`, `step-input:<seq>`, `event:<no>`. */
  payload: { params: { run: number; part: string }; result: string | null };
  /** A completed run's whole output. */
  output: { params: { run: number }; result: string | null };
  /** Which of these runs have ended or are gone. */
  atRest: { params: { runs: readonly number[] }; result: readonly number[] };
  /** A run's child under a key; null: it has none, because its call joined another run or the child was removed. */
  child: {
    params: { parent: number; key: string };
    result: { readonly id: string | null; readonly isJoined: boolean };
  };
  /** Ids of what an erasure of these runs would also remove and what has not ended: parts of their chains, children. */
  liveFamily: { params: { runs: readonly string[] }; result: readonly string[] };
  /** Number of children that have not ended, also of those that earlier parts of its chain have started. */
  liveChildren: { params: { run: number }; result: number };
  bulk: { params: { no: number } | { id: string }; result: BulkRow | null };
  bulks: { params: { before: number | null; limit: number }; result: readonly BulkRow[] };
  /** How many runs a bulk operation would process, with some of their ids. */
  bulkMatch: { params: BulkRequest; result: { readonly total: number; readonly sample: readonly string[] } };
  /** Runs that are not processed yet, up to a place. */
  bulkItems: { params: { bulk: number; upTo: number; limit: number }; result: readonly BulkItem[] };
  bulkLot: { params: { bulk: number; from: number; upTo: number }; result: LotState };
  logs: { params: { run: number; after: number; limit: number }; result: readonly LogRow[] };
  history: { params: { run: number }; result: readonly HistoryRow[] };
  audit: { params: { run: number | null; before: number | null; limit: number }; result: readonly AuditRow[] };
  counts: { params: Record<never, never>; result: readonly CountRow[] };
  deadLetters: { params: DeadFilter; result: readonly RunRow[] };
  /** One row for each error group. */
  deadGroups: { params: { limit: number }; result: readonly DeadGroup[] };
  /** Error groups of the newest dead letters, ordered by when each was first seen, latest first. */
  newestCauses: { params: { limit: number }; result: readonly DeadGroup[] };
  /** All dead letters. */
  deadCount: { params: Record<never, never>; result: { readonly count: number } };
  /** Starts and ends of all definitions together. Hours as in `hours`. */
  hourTotals: { params: { from: number; to: number }; result: readonly Omit<HourRow, "definition">[] };
  /** How the runs of each name ended in these hours; names without any are left out. */
  endings: {
    params: { from: number; to: number };
    result: readonly { readonly definition: string; readonly ended: number; readonly failed: number }[];
  };
  /** Among the oldest runs that have not ended: those that have been waiting or suspended since this time or longer. */
  longWaits: {
    params: { since: number; limit: number };
    result: readonly { readonly run: number; readonly since: number }[];
  };
  /** Number of recorded results by run, for runs that have any. */
  progress: {
    params: { runs: readonly number[] };
    result: readonly { readonly run: number; readonly steps: number }[];
  };
  /** Runs by their numbers, newest first. */
  runsOf: { params: { runs: readonly number[] }; result: readonly RunRow[] };
  events: { params: { name: string | null; before: number | null; limit: number }; result: readonly EventRow[] };
  event: { params: { no: number }; result: EventRow | null };
  /** Runs that an event started or woke. */
  eventRuns: {
    params: { no: number; limit: number };
    result: readonly { readonly id: string; readonly definition: string; readonly how: "started" | "woke" }[];
  };
  /** Open waits for events of a name; `total` counts up to 10,000. */
  eventWaits: {
    params: { name: string; limit: number };
    result: { readonly waits: readonly EventWaitRow[]; readonly total: number };
  };
  /** What people did to these runs, and the events that the runs received, oldest first. */
  keyEntries: {
    params: { runs: readonly number[] };
    result: {
      readonly acts: readonly {
        readonly run: number;
        readonly actor: string;
        readonly verb: string;
        readonly why: string | null;
        readonly at: number;
      }[];
      /** The name is the wait's key if the event is no longer kept. */
      readonly events: readonly { readonly run: number; readonly name: string | null; readonly at: number }[];
    };
  };
  /** Events that are not routed yet, oldest first. Held events are not among them. */
  unrouted: { params: { limit: number }; result: readonly EventRow[] };
  /**
   * Those of them whose next routing try no live worker holds. Tries of `worker` itself are included: it knows which of
   * them it is carrying out. `triesMin`: only events with this many tries or more.
   */
  routable: {
    params: { worker: number; triesMin: number; after: number; limit: number };
    result: readonly EventRow[];
  };
  /** Events that are held because none of their routing tries had a result, newest first. */
  heldEvents: { params: { name: string | null; before: number | null; limit: number }; result: readonly EventRow[] };
  definitions: { params: Record<never, never>; result: readonly DefinitionRef[] };
  /** Versions of a name, or of all, with what is left of each; newest first within a name. */
  versions: { params: { name: string | null }; result: readonly VersionRow[] };
  /** The newest ended runs of a name, and the first step results of each. */
  recent: {
    params: { definition: string; limit: number };
    result: { readonly runs: readonly RecentRunRow[]; readonly steps: readonly RecentStepRow[] };
  };
  artifact: { params: { hash: string }; result: Artifact | null };
  /** Signed lists of versions, newest first. The caller must check the signatures. */
  manifests: { params: { keyIds: readonly string[] }; result: readonly SignedManifest[] };
  /** Everything that a replay of a run needs, without a lease: for rehearsals. */
  journal: { params: { run: number }; result: { run: LeasedRun; journal: Journal; status: RunStatus } | null };
  /** In the order in which they were first seen. */
  schedules: {
    params: { definition: string | null; after: number | null; limit: number };
    result: readonly ScheduleRow[];
  };
  /** By its id, `definition/name`. */
  schedule: { params: { id: string }; result: ScheduleRow | null };
  /** By its number, as a timer names it. */
  scheduleOf: { params: { no: number }; result: ScheduleRow | null };
  fires: { params: { schedule: number; before: number | null; limit: number }; result: readonly Firing[] };
  fireGaps: { params: { schedule: number; limit: number }; result: readonly (FiringGap & { readonly at: number })[] };
  dueTimers: {
    params: { after: { dueAt: number; kind: string; owner: number } | null; limit: number };
    result: DueTimers;
  };
  /** Saved filters, by name. */
  views: { params: Record<never, never>; result: readonly ViewRow[] };
  /** Violations of "exactly one of ready, leased, suspended or parked with an open wait". Always empty. */
  violations: { params: Record<never, never>; result: readonly InvariantViolation[] };
  /** The drift of every counter, from one snapshot. */
  counterDrift: { params: Record<never, never>; result: readonly CounterDrift[] };
  /** `full` reads every page and every file. */
  checkup: { params: { full: boolean }; result: Checkup };
  /** What uses space; mostly estimated from samples. */
  sizes: { params: Record<never, never>; result: StoreSizes };
  /** Store time. */
  now: { params: Record<never, never>; result: { readonly now: number } };
  stats: { params: Record<never, never>; result: StoreStats };
}

export interface RunFilter {
  /** Only these runs, for a page that already shows them; other fields are ignored. */
  readonly ids?: readonly string[];
  readonly definition?: string;
  readonly status?: RunStatus;
  readonly key?: string;
  readonly version?: number;
  /** The beginning of an id or a key, any part of a newer run's key, or words of an error's message. */
  readonly text?: string;
  readonly parent?: number;
  readonly attribute?: { readonly name: string; readonly value: string };
  /** Dead letters of one error group. */
  readonly fingerprint?: string;
  /** Started at `createdFrom` or later, and before `createdTo`: store time. */
  readonly createdFrom?: number;
  readonly createdTo?: number;
  readonly before: number | null;
  readonly limit: number;
}

/** Runs of one status. Not exact: there are more. */
export interface Facet {
  readonly status: RunStatus;
  readonly count: number;
  readonly isExact: boolean;
}

export interface RecentRunRow {
  readonly status: RestStatus;
  /** From its start to its end. */
  readonly tookMs: number;
}

export type RecentStepRow = Pick<RecordedEntry, "key" | "kind" | "outcome" | "attempts" | "tookMs">;

export interface DeadFilter {
  readonly fingerprint?: string;
  readonly definition?: string;
  readonly before: number | null;
  readonly limit: number;
}

export interface SignedManifest {
  readonly keyId: string;
  readonly body: string;
  readonly signature: string;
}

export interface LogRow {
  readonly no: number;
  readonly key: string | null;
  readonly level: string;
  readonly message: string;
  readonly data: string | null;
  readonly at: number;
}

/** What has timers in addition to runs. */
export type OwnerKind = "schedule" | "bulk";

export interface DueTimers {
  /** Store time. */
  readonly now: number;
  readonly due: readonly { readonly kind: OwnerKind; readonly owner: number; readonly dueAt: number }[];
  /** The first timer that is not due yet. */
  readonly nextDueAt: number | null;
}

export interface HistoryRow {
  readonly at: number;
  readonly kind: string;
  readonly detail: string | null;
}

export interface AuditRow {
  readonly no: number;
  /** Null for an action on a schedule. */
  readonly run: string | null;
  readonly schedule: string | null;
  readonly actor: string;
  readonly verb: string;
  readonly why: string | null;
  /** Counts and hashes of what the action affected, as JSON. */
  readonly detail: string | null;
  readonly at: number;
}

export interface CountRow {
  readonly definition: DefinitionRef;
  readonly status: RunStatus;
  readonly count: number;
}

export interface HourRow {
  readonly definition: DefinitionRef;
  /** `started`, or how the runs ended. */
  readonly status: "started" | RestStatus;
  readonly hour: number;
  readonly count: number;
}

export interface DeadGroup {
  readonly fingerprint: string;
  readonly definition: string;
  readonly step: string | null;
  readonly message: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly sample: string;
  /** Versions of its newest runs, newest version first. */
  readonly versions: readonly number[];
  /** When its newest runs failed, newest run first: as many as a chart of one day needs. */
  readonly fellAt: readonly number[];
}

export interface EventRow {
  readonly no: number;
  readonly id: string;
  readonly source: string;
  readonly name: string;
  readonly data: string | null;
  readonly isRouted: boolean;
  /** Held because none of its routing tries had a result. */
  readonly isHeld: boolean;
  readonly matched: number;
  readonly refused: readonly string[];
  /** Starts that were merged into a run that existed already. */
  readonly joined: readonly { readonly definition: string; readonly run: string }[];
  readonly at: number;
  /** Routing tries, with the current one. */
  readonly tries: number;
  /** When the last one began, or when a person requested another. */
  readonly triedAt: number | null;
  /** How the last one ended that had no result. */
  readonly tryError: string | null;
}

export interface EventWaitRow {
  readonly run: string;
  readonly definition: string;
  readonly key: string;
  /** JSON text. */
  readonly match: string | null;
}

/** Space that one definition's runs use, all versions together. Bytes and steps are estimates, see `sampled`. */
export interface DefinitionSizes {
  readonly definition: string;
  /** Exact. */
  readonly runs: number;
  readonly startedLastDay: number;
  /** Runs that were sampled. If these are all of them, the figures are exact. */
  readonly sampled: number;
  readonly steps: number;
  readonly inlineBytes: number;
  readonly payloadBytes: number;
  /** In files next to the store, each value counted in full for every reference. */
  readonly fileBytes: number;
  readonly logLines: number;
  readonly logBytes: number;
  /** Bytes of the runs that were started in the last day. */
  readonly grownLastDay: number;
}

export interface StoreSizes {
  readonly now: number;
  readonly bytes: number;
  readonly freeBytes: number;
  readonly walBytes: number;
  readonly definitions: readonly DefinitionSizes[];
  /** `count` is an upper bound, because numbers are not reused. */
  readonly events: { readonly count: number; readonly bytes: number; readonly isEstimate: boolean };
  readonly artifacts: { readonly count: number; readonly bytes: number };
  readonly files: { readonly count: number; readonly bytes: number };
}

export interface StoreStats {
  readonly bytes: number;
  readonly walBytes: number;
  readonly now: number;
  readonly schema: number;
  readonly sqlite: string;
  readonly oldestReadyAt: number | null;
  readonly workers: readonly WorkerRow[];
}

/** A worker that is not known to be dead. Timestamps are store time. */
export interface WorkerRow {
  readonly incarnation: number;
  readonly name: string;
  readonly version: string | null;
  readonly slots: number | null;
  /** Null: all. */
  readonly queues: readonly string[] | null;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly expiresAt: number;
  /** Number of runs that it holds. */
  readonly held: number;
}
