import type { StoreErrorCode } from "../../kernel/model/errors.ts";
import type { JournalPart } from "../../kernel/model/journal.ts";
import type { Outcome, Transition } from "../../kernel/model/transition.ts";
import type { Hint } from "../../kernel/ports/notifier.ts";
import type { Queries } from "../../kernel/ports/queries.ts";
import type { LeaseParams, TxClient, WorkerAbout } from "../../kernel/ports/store.ts";

/** Requests of the main thread to the store's thread. Commits are sent in batches, the rest one at a time. */
export type ThreadRequest =
  | { readonly kind: "commit"; readonly batch: readonly Transition[] }
  | { readonly kind: "call"; readonly id: number; readonly call: Call }
  | { readonly kind: "watch"; readonly isWatched: boolean };

export type Call =
  | { readonly name: "join"; readonly worker: string; readonly leaseMs: number; readonly about: WorkerAbout | null }
  | { readonly name: "beat"; readonly incarnation: number; readonly leaseMs: number }
  | ({ readonly name: "lease" } & LeaseParams)
  | { readonly name: "leave"; readonly incarnation: number }
  | { readonly name: "load"; readonly run: number; readonly fence: number; readonly part: JournalPart }
  | { readonly name: "query"; readonly query: keyof Queries; readonly params: unknown }
  | {
      readonly name: "sweep";
      readonly completedMs: number;
      readonly failedMs: number;
      readonly cancelledMs?: number;
      readonly eventMs: number;
      readonly limit: number;
    }
  | { readonly name: "backup"; readonly path: string }
  | { readonly name: "announce"; readonly url: string }
  | { readonly name: "begin-tx"; readonly limitMs: number }
  | {
      readonly name: "query-tx";
      /** The number that `begin-tx` returned: a client may still be used after its transaction has ended. */
      readonly tx: number;
      readonly sql: string;
      readonly params: Parameters<TxClient["query"]>[1];
    }
  | { readonly name: "end-tx"; readonly tx: number; readonly transition: Transition | null }
  | { readonly name: "close" };

/**
 * A plain advance that succeeded returns null, and a new run its number and whether it is leased. These are most of a
 * batch, so most of the traffic is tiny.
 */
export type WireReply = Outcome | null | readonly [no: number, isLeased: boolean] | { readonly error: WireError };

export interface WireError {
  readonly code: StoreErrorCode | string;
  readonly message: string;
  readonly hint: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export type ThreadResponse =
  | {
      readonly kind: "committed";
      readonly at: number;
      readonly replies: readonly WireReply[];
      readonly hint: Hint | null;
    }
  | { readonly kind: "answered"; readonly id: number; readonly value: unknown; readonly hint: Hint | null }
  | { readonly kind: "refused"; readonly id: number; readonly error: WireError }
  | { readonly kind: "opened" }
  | { readonly kind: "not-opened"; readonly error: WireError };
