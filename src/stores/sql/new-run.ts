import type { LeasedRun } from "../../kernel/model/run.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";

/** A run that has just been started, as its holder needs it. On both sides of the store's thread. */
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
