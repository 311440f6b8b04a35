import { decideStage, lastPlaceOf, nextLot } from "../../decide/bulk.ts";
import type { Verb, VerbRequest } from "../../decide/verb.ts";
import type { BulkItem, BulkRow } from "../../model/bulk.ts";
import { BatonError } from "../../model/errors.ts";
import { defaults } from "../../model/limits.ts";
import type { Intervene } from "../../model/transition.ts";
import type { Store } from "../../ports/store.ts";

export interface BulkParts {
  readonly store: Store;
  /** Carries out one action as part of a bulk operation. */
  intervene(id: string, request: VerbRequest, bulk: NonNullable<Intervene["bulk"]>, verb: string): Promise<unknown>;
}

/** Delay between checks whether a canary has failed again. */
const canaryPollMs = 250;

/**
 * Continues bulk operations, one lot at a time. The result of a run is written in the transaction of its action, so
 * neither a crash between two lots nor two processes at once process a run twice. The timer stays due until the end of
 * the lot is written.
 */
export function bulkHandler({ store, intervene }: BulkParts): (bulk: number, now: number) => Promise<boolean> {
  return async (no) => {
    const bulk = await store.query("bulk", { no });
    if (bulk === null || bulk.status !== "running") return false;
    const upTo = lastPlaceOf(bulk.request.canary, bulk.stage);
    const { count, inMs } = nextLot(bulk.request.ratePerS, defaults.bulkLot);
    const items = await store.query("bulkItems", { bulk: no, upTo, limit: count });
    if (items.length > 0) {
      // In parallel, so that they share the store's transactions.
      await Promise.all(items.map((item) => processOne(bulk, item, { store, intervene })));
      await continueAt(store, bulk, bulk.stage, inMs);
      return true;
    }
    await endStage(store, bulk, upTo);
    return true;
  };
}

async function processOne(bulk: BulkRow, item: BulkItem, { store, intervene }: BulkParts): Promise<void> {
  const { request, actor, why, no } = bulk;
  const verb: Verb = request.verb === "redrive" ? "resume" : request.verb;
  const verbRequest: VerbRequest = {
    verb,
    actor,
    why,
    ...(request.isCompensated === true ? { isCompensated: true } : {}),
    ...(request.stopsClocks === true ? { stopsClocks: true } : {}),
  };
  try {
    await intervene(item.run, verbRequest, { no, place: item.place }, request.verb);
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
      return continueAt(store, bulk, stage, canaryPollMs);
    case "next":
      return continueAt(store, bulk, stage + 1, 0);
    case "completed":
      return end(store, no, "completed", null);
    case "stop":
      return end(store, no, "stopped", decision.why);
  }
}

async function continueAt(store: Store, { no, stage: fromStage }: BulkRow, stage: number, inMs: number): Promise<void> {
  await store.commit({ kind: "bulk", act: "go-on", bulk: no, fromStage, stage, inMs });
}

async function end(store: Store, bulk: number, status: "completed" | "stopped", detail: string | null): Promise<void> {
  await store.commit({ kind: "bulk", act: "end", bulk, status, detail, audit: null });
}
