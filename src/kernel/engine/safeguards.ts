import { decideRetry } from "../decide/retry.ts";
import { listUndos } from "./undo.ts";

/**
 * The engine's checks that the whole product relies on, named so that the simulator can disable one and prove that this
 * is detected. The store has its own, next to its statements.
 */
export interface EngineSafeguards {
  readonly decideRetry: typeof decideRetry;
  readonly listUndos: typeof listUndos;
  /** Whether no one has leased or changed a run since it was parked under the first fence. */
  isNextFence(parked: number, leased: number): boolean;
  /** Suspends a run whose code differs from its recorded history. */
  haltsDiverged(): boolean;
  /** Cancels the awaited children of a branch that is stopped. */
  stopsChildren(): boolean;
  /** Stops the other items of a map that has failed. */
  stopsSiblings(): boolean;
  /** Fails a run whose code ignores a failure. */
  hearsFailures(): boolean;
  /** Calls the cleanups of what is stopped. */
  cleansUp(): boolean;
  /** Undoes the completed steps of stopped branches. */
  undoesLosers(): boolean;
}

export const safeguards: EngineSafeguards = {
  decideRetry,
  listUndos,
  isNextFence: (parked, leased) => leased === parked + 1,
  haltsDiverged: () => true,
  stopsChildren: () => true,
  stopsSiblings: () => true,
  hearsFailures: () => true,
  cleansUp: () => true,
  undoesLosers: () => true,
};
