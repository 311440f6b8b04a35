import { decideRetry } from "../decide/retry.ts";
import { listUndos } from "./undo.ts";

/**
 * The laws of the engine that the whole product rests on, named, so that the simulator can take one away and prove that
 * its loss is found. The store has its own beside its statements.
 */
export interface EngineSafeguards {
  readonly decideRetry: typeof decideRetry;
  readonly listUndos: typeof listUndos;
  /** Code that disagrees with its recorded history is halted. */
  haltsDiverged(): boolean;
}

export const safeguards: EngineSafeguards = { decideRetry, listUndos, haltsDiverged: () => true };
