import type { Engine } from "../kernel/engine/engine.ts";
import type { BulkFilter, BulkRow, BulkVerb } from "../kernel/model/bulk.ts";
import { BatonError } from "../kernel/model/errors.ts";

export interface BulkAct {
  verb: BulkVerb;
  /** Which runs: all that is given must hold. They are chosen once. */
  filter: BulkFilter;
  /** So many runs first, then so many more; it goes on only when none of them has failed again. */
  canary?: readonly number[];
  /** Runs a second. */
  rate?: number;
  /** Of a cancel: undo what was done first. */
  compensate?: boolean;
  /** Of a suspend: timers stand still. */
  stopClocks?: boolean;
  why?: string;
  actor?: string;
}

/** Verbs for many runs at once, carried out in the background, also over restarts. */
export interface Bulks {
  start(act: BulkAct): Promise<BulkRow>;
  /** How many runs it would be for, with some of them. */
  preview(act: BulkAct): Promise<{ total: number; sample: readonly string[] }>;
  get(id: string): Promise<BulkRow>;
  /** What it has done stays done. */
  stop(id: string, options?: { why?: string; actor?: string }): Promise<BulkRow>;
}

export function openBulks(engine: Engine, local: string): Bulks {
  const requestOf = ({ verb, filter, canary = [], rate, compensate, stopClocks }: BulkAct) => ({
    verb,
    filter,
    canary,
    ratePerS: rate ?? null,
    ...(compensate === true ? { isCompensated: true } : {}),
    ...(stopClocks === true ? { stopsClocks: true } : {}),
  });
  return {
    start: (act) => engine.startBulk(requestOf(act), { actor: act.actor ?? local, why: act.why ?? null }),
    preview: (act) => engine.store.query("bulkMatch", requestOf(act)),
    get: async (id) => {
      const row = await engine.store.query("bulk", { id });
      if (row === null) throw new BatonError("not-found", `no bulk operation ${id}`);
      return row;
    },
    stop: (id, options = {}) => engine.stopBulk(id, { actor: options.actor ?? local, why: options.why ?? null }),
  };
}
