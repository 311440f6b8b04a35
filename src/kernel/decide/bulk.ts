import type { BulkRequest, LotState } from "../model/bulk.ts";

/** The last place of a stage, 1-based and inclusive. Infinity for the stage after the canaries. */
export function lastPlaceOf(canary: readonly number[], stage: number): number {
  if (stage >= canary.length) return Number.POSITIVE_INFINITY;
  return canary.slice(0, stage + 1).reduce((sum, size) => sum + size, 0);
}

/**
 * How many runs to process now, and the delay before the next lot. With a rate, a lot is the runs of a fifth of a
 * second, which keeps the rate even.
 */
export function nextLot(ratePerS: number | null, lotMax: number): { readonly count: number; readonly inMs: number } {
  if (ratePerS === null) return { count: lotMax, inMs: 0 };
  const count = Math.max(1, Math.min(lotMax, Math.floor(ratePerS / 5)));
  return { count, inMs: Math.ceil((count / ratePerS) * 1_000) };
}

export type StageDecision =
  | { readonly kind: "wait" }
  | { readonly kind: "next" }
  | { readonly kind: "completed" }
  | { readonly kind: "stop"; readonly why: string };

/** Decides what to do when every run of a stage has been processed. */
export function decideStage(request: BulkRequest, stage: number, isLast: boolean, lot: LotState): StageDecision {
  if (stage >= request.canary.length) return { kind: "completed" };
  if (lot.failed > 0) {
    const sample = lot.sample === null ? "" : `: ${lot.sample.run} ${lot.sample.error}`;
    return { kind: "stop", why: `${lot.failed} of ${lot.total} canary runs failed again${sample}` };
  }
  if (lot.open > 0) return { kind: "wait" };
  return isLast ? { kind: "completed" } : { kind: "next" };
}
