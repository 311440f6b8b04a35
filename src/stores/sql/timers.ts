import type { DueTimers, OwnerKind } from "../../kernel/ports/queries.ts";
import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

/** Sets the next timer of an owner; null removes it. Call inside a transaction. */
export function* setTimer(context: Context, kind: OwnerKind, owner: number, dueAt: number | null): Work<void> {
  if (dueAt === null) {
    yield* context.db.run("delete from timers where owner_kind = ? and owner = ?", kind, owner);
    return;
  }
  yield* context.db.run(
    `insert into timers (owner_kind, owner, due_at) values (?, ?, ?)
     on conflict (owner_kind, owner) do update set due_at = excluded.due_at`,
    kind,
    owner,
    dueAt,
  );
  context.hints.timers = true;
}

/** One page of due timers, and the time of the next timer after now. */
export function* readDueTimers(
  context: Context,
  { after, limit }: { after: { dueAt: number; kind: string; owner: number } | null; limit: number },
): Work<DueTimers> {
  const now = context.clock.now();
  const from = after ?? { dueAt: -1, kind: "", owner: 0 };
  const due = yield* context.db.all<{ kind: OwnerKind; owner: number; dueAt: number }>(
    `select owner_kind as kind, owner, due_at as dueAt from timers
     where due_at <= ? and (due_at, owner_kind, owner) > (?, ?, ?) order by due_at, owner_kind, owner limit ?`,
    now,
    from.dueAt,
    from.kind,
    from.owner,
    limit,
  );
  const next = yield* context.db.get<{ at: number | null }>(
    "select min(due_at) as at from timers where due_at > ?",
    now,
  );
  return { now, due, nextDueAt: next?.at ?? null };
}
