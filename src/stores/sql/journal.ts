import type { Journal } from "../../kernel/model/journal.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { RunStatus } from "../../kernel/model/status.ts";
import { statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { readAttempts, readEntries, readWaits } from "./load.ts";
import type { Work } from "./work.ts";

interface JournalRow {
  id: string;
  definition: number;
  ended: RunStatus | null;
  input: string | null;
  key: string | null;
  round: number;
  created_at: number;
  fence: number;
  state: number | null;
  live_fence: number | null;
  compensation: string | null;
}

/** Reads a run with its whole journal without holding the run, for a rehearsal, which writes nothing. */
export function* readJournal(
  context: Context,
  run: number,
): Work<{ run: LeasedRun; journal: Journal; status: RunStatus } | null> {
  const row = yield* context.db.get<JournalRow & Record<string, unknown>>(
    `select r.id, r.definition, r.ended, r.input, r.key, r.round, r.created_at, r.fence, l.state, l.fence as live_fence, l.compensation
     from runs r left join live l on l.run = r.no where r.no = ?`,
    run,
  );
  if (row === undefined) return null;
  return {
    status: row.ended ?? statusOfState(row.state ?? 0, row.compensation !== null),
    run: {
      no: run,
      id: row.id,
      fence: row.live_fence ?? row.fence,
      round: row.round,
      definition: yield* context.definitions.ref(row.definition),
      input: yield* context.payloads.whole(run, "input", row.input),
      key: row.key,
      createdAt: row.created_at,
      isFresh: false,
      isUnclean: false,
      uncleanCount: 0,
      compensation: null,
      deadlineAt: null,
    },
    journal: {
      entries: yield* readEntries(context, run, 0, Number.MAX_SAFE_INTEGER, true),
      attempts: yield* readAttempts(context, run),
      waits: yield* readWaits(context, run),
      arrivals: [],
    },
  };
}
