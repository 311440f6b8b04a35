import type { History } from "../decide/history.ts";
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

/** Something that the code has asked for and awaits. It begins once the past is used up, and is settled by one entry. */
export interface Operation {
  readonly key: string;
  readonly kind: EntryKind;
  readonly scope: Scope;
  /** How it is undone when the run is compensated. */
  readonly undo?: UndoSpec | null;
  begin(): void;
  /** Gives the recorded entry to the code. */
  settle(entry: Entry): void;
  /** Nobody waits for it any more. */
  abort(reason: Error): void;
  /** Something came for its wait. */
  arrive?(arrival: Arrival): void;
}

/** What an entry adds to its advance. */
export type Extras = Partial<
  Pick<
    Advance,
    "attempts" | "opens" | "closes" | "expires" | "starts" | "events" | "sealEvents" | "read" | "attributes" | "logs"
  >
>;

export type Draft = Pick<Entry, "outcome" | "value" | "input" | "attempts" | "tookMs">;

/** A wait that is open in memory, with what to do when its time comes. */
export interface OpenWait {
  readonly key: string;
  readonly kind: Wait["kind"];
  /** Store time; undefined until its registration is committed. */
  dueAt: number | null | undefined;
  readonly operation: Operation;
  onDue(): void;
}

/** What an ask may do with the run that it belongs to. */
export interface OperationContext {
  readonly run: LeasedRun;
  readonly history: History;
  readonly payloadMax: number;
  readonly safeguards: EngineSafeguards;
  /** The run's sensitive values; null as long as it has none. */
  readonly vault: Vault | null;
  openVault(): Vault;
  /** Whether there is a key to seal with. */
  readonly canSeal: boolean;
  /** Whether what is asked now may have been started by a holder that died. */
  readonly isFrontier: boolean;
  chance(): number;
  mono(): number;
  storeNow(): number;
  after(ms: number, call: () => void): () => void;
  /** Runs the author's code with this step as its surroundings. */
  within<T>(key: string, attempt: Attempt, work: () => T): T;
  /** Records the settling of an ask; the code gets it in its turn, after the commit. */
  record(operation: Operation, draft: Draft, extras?: Extras): void;
  /** Commits something that settles nothing. Never comes back when the run is not held any more. */
  commit(extras: Extras): Promise<Extract<AdvanceOutcome, { ok: true }>>;
  /** Registers a wait with the next advance. */
  openWait(opening: WaitOpening, operation: Operation, onDue: () => void, starts?: readonly StartRun[]): void;
  /** Takes up a wait that is registered already. */
  resumeWait(wait: OpenWait): void;
  /** Ends a wait that nobody needs any more. `isRegistered`: its row is there although it is not open here. */
  closeWait(key: string, isRegistered?: boolean): void;
  /** Keeps the run in memory while something outside the store is awaited; returns how to end that. */
  hold(): () => void;
  attemptStarted(attempt: Attempt): void;
  attemptEnded(attempt: Attempt): void;
  log(line: LogLine): void;
  takeLogs(hide?: string): readonly LogLine[] | undefined;
  suspend(reason: Reason): void;
  transact<T>(work: (db: TxClient) => Promise<T>, draft: (value: T) => Draft, operation: Operation): Promise<void>;
}
