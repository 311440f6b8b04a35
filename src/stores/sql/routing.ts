import { isSpent, triesAfterRetry } from "../../kernel/decide/routing.ts";
import type { RoutingOutcome, RoutingTransition, RoutingTry } from "../../kernel/model/routing.ts";
import { auditMany } from "./audit.ts";
import { routing } from "./codes.ts";
import type { Context } from "./context.ts";
import { rescue } from "./leases.ts";
import type { Work } from "./work.ts";

const stale = { ok: false, why: "stale" } as const;

interface TriedRow {
  source: string;
  id: string;
  tries: number;
  tried_by: number | null;
}

/** Begins and ends routing tries, and routes held events again. */
export function* applyRouting(context: Context, act: RoutingTransition, at: number): Work<RoutingOutcome> {
  switch (act.kind) {
    case "try-event":
      return yield* tryEvent(context, act.event, act, at);
    case "end-try": {
      const row = yield* waitingRow(context, act.event);
      if (row === undefined || row.tries !== act.try.number || row.tried_by !== act.try.worker) return stale;
      if (isSpent(row.tries)) return yield* hold(context, act.event, act.why, at);
      yield* context.db.run("update events set tried_by = null, try_error = ? where no = ?", act.why, act.event);
      context.hints.unrouted = true;
      return { ok: true, at, routing: "waiting" };
    }
    case "retry-event": {
      const row = yield* context.db.get<Pick<TriedRow, "source" | "id">>(
        `select source, id from events where no = ? and is_routed = ${routing.held}`,
        act.event,
      );
      if (row === undefined) return stale;
      yield* context.db.run(
        `update events set is_routed = ${routing.waiting}, tries = ${triesAfterRetry}, tried_at = ? where no = ?`,
        at,
        act.event,
      );
      yield* auditMany(context, act.audit, { event: act.event, source: row.source, id: row.id }, at);
      context.hints.unrouted = true;
      return { ok: true, at, routing: "waiting" };
    }
  }
}

function* tryEvent(
  context: Context,
  event: number,
  { worker, seen }: { worker: number; seen: number },
  at: number,
): Work<RoutingOutcome> {
  const row = yield* waitingRow(context, event);
  if (row === undefined || row.tries !== seen || !(yield* isLive(context, worker, at))) return stale;
  // The answer of its commit was lost: no code has run in this try, so the try goes on.
  if (row.tried_by === worker) return { ok: true, at, routing: "trying", try: { number: row.tries, worker } };
  let why: string | null = null;
  if (row.tried_by !== null) {
    yield* rescue(context, at);
    if (yield* isLive(context, row.tried_by, at)) return stale;
    why = yield* describeDeath(context, row.tried_by);
  }
  if (isSpent(row.tries)) return yield* hold(context, event, why, at);
  const number = context.safeguards.nextTry(row.tries);
  yield* context.db.run(
    "update events set tries = ?, tried_by = ?, tried_at = ?, try_error = coalesce(?, try_error) where no = ?",
    number,
    worker,
    at,
    why,
    event,
  );
  return { ok: true, at, routing: "trying", try: { number, worker } };
}

/** The first try of an event that is stored now. Null: the worker is dead, so another one begins it. */
export function* firstTry(context: Context, event: number, worker: number, at: number): Work<RoutingTry | null> {
  if (!(yield* isLive(context, worker, at))) return null;
  const number = context.safeguards.nextTry(0);
  yield* context.db.run(
    "update events set tries = ?, tried_by = ?, tried_at = ? where no = ?",
    number,
    worker,
    at,
    event,
  );
  return { number, worker };
}

function* waitingRow({ db }: Context, event: number): Work<TriedRow | undefined> {
  return yield* db.get<TriedRow & Record<string, unknown>>(
    `select source, id, tries, tried_by from events where no = ? and is_routed = ${routing.waiting}`,
    event,
  );
}

function* hold({ db }: Context, event: number, why: string | null, at: number): Work<RoutingOutcome> {
  yield* db.run(
    `update events set is_routed = ${routing.held}, tried_by = null, try_error = coalesce(?, try_error) where no = ?`,
    why,
    event,
  );
  return { ok: true, at, routing: "held" };
}

function* isLive({ db, safeguards }: Context, worker: number, at: number): Work<boolean> {
  const row = yield* db.get<{ expires_at: number }>(
    "select expires_at from workers where incarnation = ? and is_dead = 0",
    worker,
  );
  return row !== undefined && !safeguards.isExpired(row.expires_at, at);
}

function* describeDeath({ db }: Context, worker: number): Work<string> {
  const row = yield* db.get<{ name: string }>("select name from workers where incarnation = ?", worker);
  return `the process that evaluated it${row === undefined ? "" : ` (${row.name})`} ended or stopped responding`;
}
