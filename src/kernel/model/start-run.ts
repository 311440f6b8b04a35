import type { Audit } from "./audit.ts";
import type { Flow } from "./flow.ts";
import type { DefinitionRef, Origin } from "./run.ts";

/** The queue of definitions that name none. */
export const defaultQueue = "default";

/** A new run. Seen idempotency keys answer the run they made. */
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
  /** The lane of its definition's runs: only workers that serve it lease them. None: `default`. */
  readonly queue?: string;
  /** Limits and gatherings that its definition asks for; most ask for none. */
  readonly flow?: Flow;
  readonly origin: Origin;
  /** The verb that made this run, kept with the run that it was asked of. */
  readonly audit?: Audit & { readonly runId: string };
  /** The run that waits for this one, and the key it waits under. */
  readonly parent?: { readonly no: number; readonly key: string; readonly isAwaited: boolean };
  /** The worker that takes it in the same transaction, so that no poll lies between start and first step. */
  readonly leaseTo?: number;
}
