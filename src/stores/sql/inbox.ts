import { state } from "./codes.ts";
import type { Context } from "./context.ts";
import { lockRun } from "./live-row.ts";
import type { Work } from "./work.ts";

/** Appends a message for a run, once per (kind, ref), and wakes the run. False: it was already there. */
export function* deliver(
  context: Context,
  message: { run: number; kind: string; ref: string; key: string | null; body: string | null },
  at: number,
): Work<boolean> {
  const { db } = context;
  yield* lockRun(context, message.run);
  const { changes } = yield* db.run(
    message.kind === "event" ? insertEvent : insertOther,
    message.run,
    message.kind,
    message.ref,
    message.key,
    message.body,
    at,
  );
  if (changes === 0) return false;
  yield* wake(context, message.run, at);
  return true;
}

const insertOther =
  "insert into inbox (run, kind, ref, key, body, at) values (?, ?, ?, ?, ?, ?) on conflict do nothing";
/** An event is received once by a whole chain. */
const insertEvent =
  "insert into inbox (run, kind, ref, key, body, at, chain) values (?1, ?2, ?3, ?4, ?5, ?6, (select chain from live where run = ?1)) on conflict do nothing";

/** Moves the run's ready time forward, or notifies its holder. A suspended run stays suspended. */
export function* wake(context: Context, run: number, at: number): Work<void> {
  const { changes } = yield* context.db.run(
    `update live set ready_at = ? where run = ? and state in (${state.ready}, ${state.parked}) and (ready_at is null or ready_at > ?)`,
    at,
    run,
    at,
  );
  if (changes > 0) context.hints.ready = true;
  else context.hints.arrivals.add(run);
}

export function* unreadCount(context: Context, run: number): Work<number> {
  return (
    (yield* context.db.get<{ n: number }>("select count(*) as n from inbox where run = ? and is_read = 0", run))?.n ?? 0
  );
}

export function* markRead(context: Context, run: number, messages: readonly number[]): Work<void> {
  for (const no of messages) yield* context.db.run("update inbox set is_read = 1 where no = ? and run = ?", no, run);
}
