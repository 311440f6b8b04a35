import { type EntryKind, type EntryOutcome, entryKinds } from "../../kernel/model/journal.ts";
import type { RunStatus } from "../../kernel/model/status.ts";

/** Kinds and outcomes are stored as small integers: their index in these lists, which only grow at the end. */
const outcomes = ["ok", "error", "continued", "abandoned"] as const satisfies readonly EntryOutcome[];

export const kindCode: Readonly<Record<EntryKind, number>> = Object.fromEntries(
  entryKinds.map((kind, code) => [kind, code]),
) as Record<EntryKind, number>;
export const outcomeCode: Readonly<Record<EntryOutcome, number>> = { ok: 0, error: 1, continued: 2, abandoned: 3 };

export function kindOf(code: number): EntryKind {
  const kind = entryKinds[code];
  if (kind === undefined) throw new Error(`unknown entry kind ${code}: the store was written by a newer Baton version`);
  return kind;
}

export function outcomeOf(code: number): EntryOutcome {
  return outcomes[code] ?? "ok";
}

/** Values of `live.state`. */
export const state = { ready: 0, leased: 1, parked: 2, suspended: 3 } as const;

/** The run status of a queue state. A compensating run has that status in every state except suspended. */
export function statusOfState(code: number, isCompensating: boolean): RunStatus {
  if (isCompensating && code !== state.suspended) return "compensating";
  return liveStatuses[code] ?? "pending";
}

/** Indexed by `live.state`. */
export const liveStatuses: readonly RunStatus[] = ["pending", "running", "waiting", "suspended"];

/** Values of an event's `is_routed`. A held event is not routed until a person requests it. */
export const routing = { waiting: 0, routed: 1, held: 2 } as const;
