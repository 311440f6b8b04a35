import type { StoreError } from "../../kernel/model/errors.ts";
import type { Outcome, Transition } from "../../kernel/model/transition.ts";

/** A transition whose sender waits for what becomes of it. */
export interface Pending {
  readonly transition: Transition;
  /** How often its run was locked by somebody else. */
  busyCount: number;
  /** It goes by the shared code, whatever it looks like. */
  isSpecial: boolean;
  resolve(outcome: Outcome): void;
  reject(error: StoreError): void;
}
