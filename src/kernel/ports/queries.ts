import type { RunDetail } from "../model/detail.ts";
import type { RecordedEntry, Reopening } from "../model/journal.ts";
import type { DefinitionRef, RunRow } from "../model/run.ts";
import type { RunStatus } from "../model/status.ts";

/** Every read of the store, by name. Lists are keyset pages: `before` is the last row's number of the page above. */
export interface Queries {
  runs: { params: RunFilter; result: readonly RunRow[] };
  /** By id; a unique prefix is enough, `latest` is the newest. */
  run: { params: { id: string }; result: RunDetail | null };
  /** Ids that begin so, at most three: to tell unknown from ambiguous. */
  prefix: { params: { id: string }; result: readonly string[] };
  steps: { params: { run: number; after: number; limit: number }; result: readonly RecordedEntry[] };
  /** The marks of recovery verbs, oldest first: what they name of earlier entries is void. */
  reopenings: { params: { run: number }; result: readonly { seq: number; reopening: Reopening }[] };
  /** The whole value behind a slot of a run: `input`, `output`, `step:<seq>`, `step-input:<seq>`, `event:<no>`. */
  payload: { params: { run: number; slot: string }; result: string | null };
  /** A completed run's whole output. */
  output: { params: { run: number }; result: string | null };
  logs: { params: { run: number; after: number; limit: number }; result: readonly LogRow[] };
  history: { params: { run: number }; result: readonly HistoryRow[] };
  audit: { params: { run: number | null; before: number | null; limit: number }; result: readonly AuditRow[] };
  counts: { params: Record<never, never>; result: readonly CountRow[] };
  deadLetters: { params: DeadFilter; result: readonly RunRow[] };
  /** One row a cause. */
  deadGroups: { params: { limit: number }; result: readonly DeadGroup[] };
  events: { params: { name: string | null; before: number | null; limit: number }; result: readonly EventRow[] };
  event: { params: { no: number }; result: EventRow | null };
  unrouted: { params: { limit: number }; result: readonly EventRow[] };
  definitions: { params: Record<never, never>; result: readonly DefinitionRef[] };
  /** Runs that break "exactly one of ready, leased, suspended or parked with an open wait": always empty. */
  strays: { params: Record<never, never>; result: readonly { id: string; problem: string }[] };
  stats: { params: Record<never, never>; result: StoreStats };
}

export interface RunFilter {
  readonly definition?: string;
  readonly status?: RunStatus;
  readonly key?: string;
  /** Part of an id, a key or an error text. */
  readonly text?: string;
  readonly parent?: number;
  readonly before: number | null;
  readonly limit: number;
}

export interface DeadFilter {
  readonly fingerprint?: string;
  readonly definition?: string;
  readonly before: number | null;
  readonly limit: number;
}

export interface LogRow {
  readonly no: number;
  readonly key: string | null;
  readonly level: string;
  readonly message: string;
  readonly data: string | null;
  readonly at: number;
}

export interface HistoryRow {
  readonly at: number;
  readonly kind: string;
  readonly detail: string | null;
}

export interface AuditRow {
  readonly no: number;
  readonly run: string;
  readonly actor: string;
  readonly verb: string;
  readonly why: string | null;
  readonly at: number;
}

export interface CountRow {
  readonly definition: DefinitionRef;
  readonly status: RunStatus;
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
}

export interface EventRow {
  readonly no: number;
  readonly id: string;
  readonly source: string;
  readonly name: string;
  readonly data: string | null;
  readonly isRouted: boolean;
  readonly matched: number;
  readonly refused: readonly string[];
  readonly at: number;
}

export interface StoreStats {
  readonly bytes: number;
  readonly walBytes: number;
  readonly now: number;
  readonly schema: number;
  readonly sqlite: string;
  readonly oldestReadyAt: number | null;
  readonly workers: readonly {
    incarnation: number;
    name: string;
    startedAt: number;
    expiresAt: number;
    held: number;
  }[];
}
