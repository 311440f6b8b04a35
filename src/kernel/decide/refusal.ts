import type { StartOutcome } from "../model/transition.ts";

export type RefusedStart = Extract<StartOutcome, { ok: false }>;

/** Why a start was refused, for the record of what started it: a schedule's firing, or an event. */
export function refusalText(outcome: RefusedStart): string {
  switch (outcome.why) {
    case "rate-limited":
      return `rate-limited by ${outcome.key}`;
    case "key-conflict":
      return `key-conflict: run ${outcome.id} has this idempotency key with another input`;
  }
}
