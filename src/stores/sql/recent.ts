import type { Queries, RecentStepRow } from "../../kernel/ports/queries.ts";
import { kindCode, kindOf, outcomeOf } from "./codes.ts";
import type { Context } from "./context.ts";
import { listOf, mapWork, type Work } from "./work.ts";

/** The first results of a long run are enough to distinguish its steps. */
const stepsOfRun = 100;
const working = listOf([kindCode.step, kindCode.once, kindCode.tx]);

interface EndedRow {
  no: number;
  ended: "completed" | "failed" | "cancelled";
  created_at: number;
  ended_at: number;
}

/** The newest ended runs of a workflow with their attempts, from which its page derives statistics. */
export function* readRecent(
  context: Context,
  { definition, limit }: Queries["recent"]["params"],
): Work<Queries["recent"]["result"]> {
  // One query per version: each reads the end of an index.
  const rows = (yield* mapWork(yield* context.definitions.numbersOf(definition), function* (no) {
    return yield* context.db.all<EndedRow>(
      "select no, ended, created_at, ended_at from runs where definition = ? and ended_at is not null order by ended_at desc limit ?",
      no,
      limit,
    );
  })).flat();
  const newest = rows.toSorted((a, b) => b.ended_at - a.ended_at || b.no - a.no).slice(0, limit);
  return {
    runs: newest.map((row) => ({ status: row.ended, tookMs: row.ended_at - row.created_at })),
    steps: yield* readSteps(
      context,
      newest.map((row) => row.no),
    ),
  };
}

function* readSteps({ db }: Context, runs: readonly number[]): Work<readonly RecentStepRow[]> {
  if (runs.length === 0) return [];
  const rows = yield* db.all<{ key: string; kind: number; outcome: number; attempts: number; took_ms: number }>(
    `select key, kind, outcome, attempts, took_ms from steps
     where run in (${listOf(runs)}) and seq <= ${stepsOfRun} and kind in (${working}) order by run desc, seq`,
  );
  return rows.map((row) => ({
    key: row.key,
    kind: kindOf(row.kind),
    outcome: outcomeOf(row.outcome),
    attempts: row.attempts,
    tookMs: row.took_ms,
  }));
}
