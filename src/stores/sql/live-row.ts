import type { RunStatus } from "../../kernel/model/status.ts";
import { statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { done, type Work } from "./work.ts";

/** The queue row of a run, as guards read it. */
export interface LiveRow {
  readonly run: number;
  readonly definition: number;
  readonly state: number;
  readonly fence: number;
  readonly unclean: number;
  readonly is_touched: number;
  readonly is_compensating: number;
  readonly slots: number;
  readonly deadline_at: number | null;
  /** The chain that it continues; null for every other run. */
  readonly chain: number | null;
  readonly is_joined: number;
}

export const liveColumns =
  "run, definition, state, fence, unclean, is_touched, compensation is not null as is_compensating, slots, deadline_at, chain, is_joined";

/** Reads what the guard of a write needs. */
export function guardRow(
  context: Context,
  run: number,
): Work<Pick<LiveRow, "state" | "fence" | "unclean"> | undefined> {
  return context.db.get<Pick<LiveRow, "state" | "fence" | "unclean"> & Record<string, unknown>>(
    `select state, fence, unclean from live where run = ?${context.lock}`,
    run,
  );
}

export function liveRow(context: Context, run: number): Work<LiveRow | undefined> {
  return context.db.get<LiveRow & Record<string, unknown>>(
    `select ${liveColumns} from live where run = ?${context.lock}`,
    run,
  );
}

/**
 * Locks a run before a transaction that has not changed it bases a decision on its state. Without the lock the holder
 * could park the run at the same time, and miss the message that is being delivered.
 */
export function lockRun({ db, lock }: Context, run: number): Work<unknown> {
  return lock === "" ? done(undefined) : db.get(`select 1 from live where run = ?${lock}`, run);
}

export function statusOf(live: LiveRow): RunStatus {
  return statusOfState(live.state, live.is_compensating === 1);
}

export function* remark(context: Context, run: number, kind: string, detail: string | null, at: number): Work<void> {
  yield* context.db.run("insert into history (run, kind, detail, at) values (?, ?, ?, ?)", run, kind, detail, at);
}
