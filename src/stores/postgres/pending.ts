import type { StoreError } from "../../kernel/model/errors.ts";
import type { Outcome, Transition } from "../../kernel/model/transition.ts";

/** A transition whose caller waits for its outcome. */
export interface Pending {
  readonly transition: Transition;
  /** How often its run was locked by another session. */
  busyCount: number;
  /** Whether it must use the shared code, even if it is batchable. */
  isSpecial: boolean;
  resolve(outcome: Outcome): void;
  reject(error: StoreError): void;
}
