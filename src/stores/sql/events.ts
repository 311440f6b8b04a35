import { matches } from "../../kernel/decide/match.ts";
import { refusalText } from "../../kernel/decide/refusal.ts";
import type { RouteEvent } from "../../kernel/model/routing.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { AcceptEvent, Outcome } from "../../kernel/model/transition.ts";
import { decode } from "../../stdx/json.ts";
import { routing } from "./codes.ts";
import type { Context } from "./context.ts";
import { firstTry } from "./routing.ts";
import { startRun } from "./start-run.ts";
import { settleWait } from "./waits.ts";
import type { Work } from "./work.ts";

/** Stores an event, wakes every run that waits for it and starts the runs that it triggers, all in one transaction. */
export function* acceptEvent(context: Context, accept: AcceptEvent, at: number): Work<Outcome> {
  const { db } = context;
  const { event } = accept;
  const seen = yield* db.get<{ no: number; matched: number }>(
    "select no, matched from events where source = ? and id = ?",
    event.source,
    event.id,
  );
  if (seen !== undefined)
    return { ok: true, at, event: seen.no, id: event.id, matched: seen.matched, isDuplicate: true, try: null };
  const no = yield* db.insert(
    "insert into events (source, id, name, data, is_routed, refused, at) values (?, ?, ?, null, ?, ?, ?)",
    event.source,
    event.id,
    event.name,
    accept.isRouted ? 1 : 0,
    accept.refused.length === 0 ? null : JSON.stringify(accept.refused),
    at,
  );
  context.scratch.eventAdded(no);
  const kept = event.sealed ?? event.data;
  if (kept !== null)
    yield* db.run("update events set data = ? where no = ?", yield* context.payloads.keep(0, `event:${no}`, kept), no);
  const woken = yield* wakeWaits(context, no, event.name, decode(event.data), at);
  const started = yield* startTriggered(context, accept.starts, no, at);
  const holds =
    accept.isRouted || accept.triedBy === undefined ? null : yield* firstTry(context, no, accept.triedBy, at);
  if (!accept.isRouted && holds === null) context.hints.unrouted = true;
  return { ok: true, at, event: no, id: event.id, matched: woken + started, isDuplicate: false, try: holds };
}

/**
 * Starts the triggers of an event that was stored unrouted. Repeated calls have no effect. The result of a try is
 * refused as stale if another try has begun since, or the event is held.
 */
export function* routeEvent(context: Context, route: RouteEvent, at: number): Work<Outcome> {
  const { db } = context;
  const { changes } = yield* db.run(
    `update events set is_routed = ${routing.routed}, tried_by = null, refused = ?
     where no = ? and is_routed = ${routing.waiting} and tries = ? and coalesce(tried_by, 0) = ?`,
    JSON.stringify(route.refused),
    route.event,
    route.try?.number ?? 0,
    route.try?.worker ?? 0,
  );
  if (changes > 0) yield* startTriggered(context, route.starts, route.event, at);
  const row = yield* db.get<{ id: string; matched: number; is_routed: number }>(
    "select id, matched, is_routed from events where no = ?",
    route.event,
  );
  if (row?.is_routed !== routing.routed) return { ok: false, why: "stale" };
  return { ok: true, at, event: route.event, id: row.id, matched: row.matched, isDuplicate: changes === 0, try: null };
}

function* startTriggered(context: Context, starts: readonly StartRun[], event: number, at: number): Work<number> {
  let started = 0;
  const refused: string[] = [];
  const joined: { definition: string; run: string }[] = [];
  for (const start of starts) {
    const outcome = yield* startRun(context, start, at, event);
    const { name: definition } = start.definition;
    if (!outcome.ok) refused.push(`${definition}: ${refusalText(outcome)}`);
    else if (outcome.isCreated) started += 1;
    else joined.push({ definition, run: outcome.run.id });
  }
  if (refused.length > 0) yield* addRefusals(context, event, refused);
  if (joined.length > 0)
    yield* context.db.run("update events set joined = ? where no = ?", JSON.stringify(joined), event);
  if (started > 0) yield* context.db.run("update events set matched = matched + ? where no = ?", started, event);
  return started;
}

/** Replaces the event's data with its encrypted form. The match keys are hashes and stay. */
export function* sealEvent(context: Context, event: { source: string; id: string; data: string }): Work<void> {
  const { db } = context;
  const row = yield* db.get<{ no: number }>(
    "select no from events where source = ? and id = ?",
    event.source,
    event.id,
  );
  if (row === undefined) return;
  yield* db.run("delete from payloads where run = 0 and slot = ?", `event:${row.no}`);
  yield* db.run(
    "update events set data = ? where no = ?",
    yield* context.payloads.keep(0, `event:${row.no}`, event.data),
    row.no,
  );
}

/** Adds the store's own refusals to those by input schemas. */
function* addRefusals(context: Context, event: number, refused: readonly string[]): Work<void> {
  const before = (yield* context.db.get<{ refused: string | null }>("select refused from events where no = ?", event))
    ?.refused;
  const all = [...(before == null ? [] : (JSON.parse(before) as string[])), ...refused];
  yield* context.db.run("update events set refused = ? where no = ?", JSON.stringify(all), event);
}

/** Delivers the event to the matching waits, at most one per run: the wait that was opened first. */
function* wakeWaits(context: Context, event: number, name: string, data: unknown, at: number): Work<number> {
  const waits: { no: number; run: number; key: string; match: string | null }[] = [];
  for (const hash of yield* context.matching.index(name, event, data))
    waits.push(
      ...(yield* context.db.all<(typeof waits)[number]>(
        "select no, run, key, match from waits where kind = 'event' and event is null and name = ? and hash = ?",
        name,
        hash,
      )),
    );
  const taken = new Set<number>();
  for (const wait of waits.sort((a, b) => a.no - b.no)) {
    if (taken.has(wait.run)) continue;
    if (wait.match !== null && !matches(JSON.parse(wait.match), data)) continue;
    if (yield* settleWait(context, wait.run, wait.key, event, at)) taken.add(wait.run);
  }
  return taken.size;
}
