import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Context } from "./context.ts";
import { startRun } from "./start-run.ts";
import type { Work } from "./work.ts";

/**
 * The new run replaces the old one: it has the same parent and receives the same events, except those that the old one
 * has received. An event that arrives while the old run ends is not lost.
 */
export function* continueRun(context: Context, old: number, start: StartRun, at: number): Work<void> {
  const { db } = context;
  const outcome = yield* startRun(context, start, at);
  if (!outcome.ok) throw new Error(`run ${start.id} cannot continue run ${old}`);
  const { no, id } = outcome.run;
  yield* db.run("update runs set continued_as = ? where no = ?", id, old);
  yield* db.run(
    "update runs set (event_floor, start_event) = (select event_floor, start_event from runs where no = ?) where no = ?",
    old,
    no,
  );
  yield* db.run(
    "insert into inbox (run, kind, ref, key, body, is_read, at) select cast(? as bigint), kind, ref, null, null, 1, at from inbox where run = ? and kind = 'event' and is_read = 1",
    no,
    old,
  );
  const family = yield* db.get<{ parent: number | null; parent_key: string | null; parent_awaits: number | null }>(
    "select parent, parent_key, parent_awaits from runs where no = ?",
    old,
  );
  if (family?.parent == null) return;
  yield* db.run(
    "update runs set parent_key = parent_key || ' (continued ' || no || ')', parent_awaits = 0 where no = ?",
    old,
  );
  yield* db.run(
    "update runs set parent = ?, parent_key = ?, parent_awaits = ? where no = ?",
    family.parent,
    family.parent_key,
    family.parent_awaits,
    no,
  );
  yield* db.run("update waits set name = ? where run = ? and key = ?", id, family.parent, family.parent_key);
}
