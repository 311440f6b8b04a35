import { decideStage, lastPlaceOf, runTimeOf } from "../../decide/bulk.ts";
import type { Verb, VerbRequest } from "../../decide/verb.ts";
import type { BulkItem, BulkRow } from "../../model/bulk.ts";
import { BatonError } from "../../model/errors.ts";
import { defaults } from "../../model/limits.ts";
import type { Intervene } from "../../model/transition.ts";
import type { Store } from "../../ports/store.ts";

export interface BulkParts {
  readonly store: Store;
  /** Carries out one verb as part of a bulk act. */
  intervene(id: string, request: VerbRequest, bulk: NonNullable<Intervene["bulk"]>, verb: string): Promise<unknown>;
}

/** Between looks whether a canary has failed again. */
const canaryLookMs = 250;

/**
 * Carries bulk acts on, a lot at a time. What became of a run is written in the transaction of its verb, so dying between
 * two lots, or two processes at once, does no run twice; the timer stays due until the lot's end is written.
 */
export function bulkHandler({ store, intervene }: BulkParts): (bulk: number, now: number) => Promise<boolean> {
  return async (no) => {
    const bulk = await store.query("bulk", { no });
    if (bulk === null || bulk.status !== "running") return false;
    const upTo = lastPlaceOf(bulk.request.canary, bulk.stage);
    const { count, inMs } = runTimeOf(bulk.request.ratePerS, defaults.bulkLot);
    const items = await store.query("bulkItems", { bulk: no, upTo, limit: count });
    if (items.length > 0) {
      // Together: they share the store's transactions.
      await Promise.all(items.map((item) => doOne(bulk, item, { store, intervene })));
      await goOn(store, bulk, bulk.stage, inMs);
      return true;
    }
    await endStage(store, bulk, upTo);
    return true;
  };
}

async function doOne(bulk: BulkRow, item: BulkItem, { store, intervene }: BulkParts): Promise<void> {
  const { request, actor, why, no } = bulk;
  const verb: Verb = request.verb === "redrive" ? "resume" : request.verb;
  const asked: VerbRequest = {
    verb,
    actor,
    why,
    ...(request.isCompensated === true ? { isCompensated: true } : {}),
    ...(request.stopsClocks === true ? { stopsClocks: true } : {}),
  };
  try {
    await intervene(item.run, asked, { no, place: item.place }, request.verb);
  } catch (error) {
    if (!(error instanceof BatonError) || error.name !== "BatonError") throw error;
    await store.commit({ kind: "bulk", act: "note", bulk: no, place: item.place, detail: error.message });
  }
}

async function endStage(store: Store, bulk: BulkRow, upTo: number): Promise<void> {
  const { request, stage, no, total } = bulk;
  const from = stage === 0 ? 0 : lastPlaceOf(request.canary, stage - 1);
  const lot = await store.query("bulkLot", { bulk: no, from, upTo });
  const decision = decideStage(request, stage, upTo >= total, lot);
  switch (decision.kind) {
    case "wait":
      return goOn(store, bulk, stage, canaryLookMs);
    case "next":
      return goOn(store, bulk, stage + 1, 0);
    case "completed":
      return end(store, no, "completed", null);
    case "stop":
      return end(store, no, "stopped", decision.why);
  }
}

async function goOn(store: Store, { no, stage: fromStage }: BulkRow, stage: number, inMs: number): Promise<void> {
  await store.commit({ kind: "bulk", act: "go-on", bulk: no, fromStage, stage, inMs });
}

async function end(store: Store, bulk: number, status: "completed" | "stopped", detail: string | null): Promise<void> {
  await store.commit({ kind: "bulk", act: "end", bulk, status, detail, audit: null });
}
