import type { History } from "../decide/history.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { Arrival, Entry, EntryKind, Wait } from "../model/journal.ts";
import type { Reason } from "../model/reason.ts";
import type { LeasedRun } from "../model/run.ts";
import type { StartRun } from "../model/start-run.ts";
import type { Advance, AdvanceOutcome, LogLine, WaitOpening } from "../model/transition.ts";
import type { TxClient } from "../ports/store.ts";
import type { Attempt } from "./attempt.ts";
import type { EngineSafeguards } from "./safeguards.ts";
import type { Scope } from "./scope.ts";
import type { UndoSpec } from "./undo.ts";
import type { Vault } from "./vault.ts";

/**
 * Something that the code has requested and awaits. It begins once the history is used up, and is settled by one entry.
 */
export interface Operation {
  readonly key: string;
  readonly kind: EntryKind;
  readonly scope: Scope;
  /** How to undo it when the run is compensated. */
  readonly undo?: UndoSpec | null;
  begin(): void;
  /** Passes the recorded entry to the code. */
  settle(entry: Entry): void;
  /** The code no longer waits for it. `isRegistered`: its wait has a row although it is not open here. */
  abort(reason: Error, isRegistered?: boolean): void;
  /** An arrival for its wait. */
  arrive?(arrival: Arrival): void;
  /** The store refused the start that it waits for. */
  refuse?(error: ErrorRecord): void;
}

/** What is committed together with an entry. */
export type Extras = Partial<
  Pick<
    Advance,
    | "attempts"
    | "opens"
    | "closes"
    | "cancels"
    | "expires"
    | "starts"
    | "events"
    | "sealEvents"
    | "read"
    | "attributes"
    | "logs"
  >
>;

export type Draft = Pick<Entry, "outcome" | "value" | "input" | "attempts" | "tookMs">;

/** A wait that is open in memory, and what to do when it is due. */
export interface OpenWait {
  readonly key: string;
  readonly kind: Wait["kind"];
  /** Store time; undefined until its registration is committed. */
  dueAt: number | null | undefined;
  readonly operation: Operation;
  onDue(): void;
}

/** What an operation may do with its run. */
export interface OperationContext {
  readonly run: LeasedRun;
  readonly history: History;
  readonly payloadMax: number;
  readonly safeguards: EngineSafeguards;
  /** The run's sensitive values; null if it has none yet. */
  readonly vault: Vault | null;
  openVault(): Vault;
  /** Whether there is a key to seal with. */
  readonly canSeal: boolean;
  /** Whether an operation that is requested now may have been begun by a holder that crashed. */
  readonly isFrontier: boolean;
  chance(): number;
  mono(): number;
  storeNow(): number;
  after(ms: number, call: () => void): () => void;
  /** Runs the author's code in the context of this step. */
  within<T>(key: string, attempt: Attempt, work: () => T): T;
  /** Records the result of an operation. The code receives it in its turn, after the commit. */
  record(operation: Operation, draft: Draft, extras?: Extras): void;
  /** Commits something that settles no operation. Never settles if the run is no longer held. */
  commit(extras: Extras): Promise<Extract<AdvanceOutcome, { ok: true }>>;
  /** Registers a wait with the next advance. */
  openWait(opening: WaitOpening, operation: Operation, onDue: () => void, starts?: readonly StartRun[]): void;
  /** Resumes a wait that is already registered. */
  resumeWait(wait: OpenWait): void;
  /** Ends a wait that is no longer needed. `isRegistered`: its row exists although it is not open here. */
  closeWait(key: string, isRegistered?: boolean): void;
  /** Ends the wait for a child and cancels the child, in one transition. `isRegistered`: as in `closeWait`. */
  cancelChild(key: string, isRegistered?: boolean): void;
  /** Keeps the run in memory while something outside the store is awaited. Returns a function that releases it. */
  hold(): () => void;
  attemptStarted(attempt: Attempt): void;
  attemptEnded(attempt: Attempt): void;
  log(line: LogLine): void;
  takeLogs(): readonly LogLine[] | undefined;
  suspend(reason: Reason): void;
  transact<T>(work: (db: TxClient) => Promise<T>, draft: (value: T) => Draft, operation: Operation): Promise<void>;
}
