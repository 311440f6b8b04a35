import type { LeasedRun } from "../../kernel/model/run.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";

/** A run that was just started, as its holder needs it. Used on both sides of the store's thread. */
export function newRun(start: StartRun, no: number, fence: number, at: number): LeasedRun {
  return {
    no,
    id: start.id,
    fence,
    round: 0,
    definition: start.definition,
    input: start.input,
    key: start.key,
    createdAt: at,
    isFresh: true,
    isUnclean: false,
    uncleanCount: 0,
    compensation: null,
    deadlineAt: start.flow?.deadlineMs === undefined ? null : at + start.flow.deadlineMs,
  };
}
