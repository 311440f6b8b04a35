import type { Audit } from "./audit.ts";
import type { Flow } from "./flow.ts";
import type { DefinitionRef, Origin } from "./run.ts";

/** The queue of definitions that set none. */
export const defaultQueue = "default";

/** A new run. A known idempotency key returns the run that it started. */
export interface StartRun {
  readonly kind: "start";
  readonly id: string;
  readonly definition: DefinitionRef;
  readonly input: string | null;
  readonly inputHash: string;
  readonly key: string | null;
  readonly idempotencyKey: string | null;
  /** How far this run moves forward in the queue, ms. */
  readonly priorityMs: number;
  readonly delayMs?: number;
  readonly at?: number;
  readonly attributes: string | null;
  /** The queue of its definition's runs: only workers that serve it lease them. Default: `default`. */
  readonly queue?: string;
  /** Limits, debounce and batch of its definition; most have none. */
  readonly flow?: Flow;
  readonly origin: Origin;
  /** The action that created this run, recorded with the run that it was carried out on. */
  readonly audit?: Audit & { readonly runId: string };
  /** The run that waits for this one, and the key of that wait. */
  readonly parent?: { readonly no: number; readonly key: string; readonly isAwaited: boolean };
  /** The worker that leases it in the same transaction, so that no poll comes between the start and the first step. */
  readonly leaseTo?: number;
}
