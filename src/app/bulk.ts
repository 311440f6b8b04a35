import type { Engine } from "../kernel/engine/engine.ts";
import type { BulkFilter, BulkRow, BulkVerb } from "../kernel/model/bulk.ts";
import { BatonError } from "../kernel/model/errors.ts";

export interface BulkOperation {
  verb: BulkVerb;
  /** Selects the runs. All given conditions must hold. The runs are selected once, at the start. */
  filter: BulkFilter;
  /** Sizes of the first batches. The next batch, and finally the rest, starts only if no run has failed again. */
  canary?: readonly number[];
  /** Maximum runs per second. */
  rate?: number;
  /** For `cancel`: compensate completed steps first. */
  compensate?: boolean;
  /** For `suspend`: pause the runs' timers. */
  stopClocks?: boolean;
  why?: string;
  actor?: string;
}

/** Recovery actions on many runs at once. They run in the background and survive restarts. */
export interface Bulks {
  start(operation: BulkOperation): Promise<BulkRow>;
  /** Counts the runs that the operation would affect, with a sample of their IDs. */
  preview(operation: BulkOperation): Promise<{ total: number; sample: readonly string[] }>;
  get(id: string): Promise<BulkRow>;
  /** Stops the operation. Runs that it has already changed stay changed. */
  stop(id: string, options?: { why?: string; actor?: string }): Promise<BulkRow>;
}

export function openBulks(engine: Engine, local: string): Bulks {
  const requestOf = ({ verb, filter, canary = [], rate, compensate, stopClocks }: BulkOperation) => ({
    verb,
    filter,
    canary,
    ratePerS: rate ?? null,
    ...(compensate === true ? { isCompensated: true } : {}),
    ...(stopClocks === true ? { stopsClocks: true } : {}),
  });
  return {
    start: (operation) =>
      engine.startBulk(requestOf(operation), { actor: operation.actor ?? local, why: operation.why ?? null }),
    preview: (operation) => engine.store.query("bulkMatch", requestOf(operation)),
    get: async (id) => {
      const row = await engine.store.query("bulk", { id });
      if (row === null) throw new BatonError("not-found", `no bulk operation ${id}`);
      return row;
    },
    stop: (id, options = {}) => engine.stopBulk(id, { actor: options.actor ?? local, why: options.why ?? null }),
  };
}
