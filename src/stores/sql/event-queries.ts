import type { EventRow, Queries } from "../../kernel/ports/queries.ts";
import { routing } from "./codes.ts";
import type { Context } from "./context.ts";
import { listOf, mapWork, type Work } from "./work.ts";

/** Counts above this are not exact. */
const waitingMax = 10_000;

/** Runs that an event started, then runs that it woke, each oldest first. */
export function* readEventRuns(
  context: Context,
  { no, limit }: Queries["eventRuns"]["params"],
): Work<Queries["eventRuns"]["result"]> {
  const { db } = context;
  const started = yield* db.all<{ id: string; definition: number }>(
    "select id, definition from runs where start_event = ? order by no limit ?",
    no,
    limit,
  );
  const woken = yield* db.all<{ id: string; definition: number }>(
    "select r.id, r.definition from inbox i join runs r on r.no = i.run where i.kind = 'event' and i.ref = ? order by r.no limit ?",
    String(no),
    limit,
  );
  const found = [
    ...started.map((row) => ({ ...row, how: "started" as const })),
    ...woken.map((row) => ({ ...row, how: "woke" as const })),
  ];
  return yield* mapWork(found.slice(0, limit), function* ({ id, definition, how }) {
    return { id, definition: (yield* context.definitions.ref(definition)).name, how };
  });
}

/** Open waits for events of a name, and their total. */
export function* readEventWaits(
  context: Context,
  { name, limit }: Queries["eventWaits"]["params"],
): Work<Queries["eventWaits"]["result"]> {
  const open = "from waits where kind = 'event' and event is null and name = ?";
  const count = yield* context.db.get<{ n: number }>(
    `select count(*) as n from (select 1 ${open} limit ${waitingMax}) found`,
    name,
  );
  const rows = yield* context.db.all<{ id: string; definition: number; key: string; match: string | null }>(
    `select r.id, r.definition, w.key, w.match from (select run, key, match ${open} limit ?) w
     join runs r on r.no = w.run order by r.no`,
    name,
    limit,
  );
  const waits = yield* mapWork(rows, function* ({ id, definition, key, match }) {
    return { run: id, definition: (yield* context.definitions.ref(definition)).name, key, match };
  });
  return { waits, total: count?.n ?? 0 };
}

/** Maximum for all runs of a page together. People do not act on one business key more often than this. */
const momentsMax = 1_000;

/** Actions of people on runs, and events that the runs received, oldest first. */
export function* readKeyEntries(
  { db }: Context,
  { runs }: Queries["keyEntries"]["params"],
): Work<Queries["keyEntries"]["result"]> {
  const acts = yield* db.all<{ run: number; actor: string; verb: string; why: string | null; at: number }>(
    `select run, actor, verb, why, at from audit where run in (${listOf(runs)}) order by no desc limit ${momentsMax}`,
  );
  const events = yield* db.all<{ run: number; name: string | null; at: number }>(
    `select i.run, coalesce(e.name, i.key) as name, i.at
     from (select run, key, at, cast(ref as bigint) as event from inbox
           where run in (${listOf(runs)}) and kind = 'event' order by no desc limit ${momentsMax}) i
     left join events e on e.no = i.event`,
  );
  return { acts: acts.toReversed(), events: events.toSorted((a, b) => a.at - b.at) };
}

/** Events whose next try no live worker holds, with their whole data. */
export function* readRoutable(
  context: Context,
  { worker, triesMin, after, limit }: Queries["routable"]["params"],
): Work<Queries["routable"]["result"]> {
  const rows = yield* context.db.all<StoredEvent>(
    `select ${eventColumns} from events
     where is_routed = ${routing.waiting} and no > ? and tries >= ?
       and (tried_by is null or tried_by = ? or not exists (
         select 1 from workers w where w.incarnation = events.tried_by and w.is_dead = 0 and w.expires_at > ?))
     order by no limit ?`,
    after,
    triesMin,
    worker,
    context.clock.now(),
    limit,
  );
  return yield* mapWork(rows, function* (row) {
    return toEvent({ ...row, data: yield* context.payloads.whole(0, `event:${row.no}`, row.data) });
  });
}

/** The newest events that are held. */
export function* readHeld(
  context: Context,
  { name, before, limit }: Queries["heldEvents"]["params"],
): Work<Queries["heldEvents"]["result"]> {
  return (yield* context.db.all<StoredEvent>(
    `select ${eventColumns} from events
     where is_routed = ${routing.held} and ${name === null ? "cast(? as text) is null" : "name = ?"} and no < ? order by no desc limit ?`,
    name,
    before ?? Number.MAX_SAFE_INTEGER,
    limit,
  )).map(toEvent);
}

export interface StoredEvent {
  no: number;
  id: string;
  source: string;
  name: string;
  data: string | null;
  is_routed: number;
  matched: number;
  refused: string | null;
  joined: string | null;
  at: number;
  tries: number;
  tried_at: number | null;
  try_error: string | null;
}

export const eventColumns =
  "no, id, source, name, data, is_routed, matched, refused, joined, at, tries, tried_at, try_error" as const;

export function toEvent(row: StoredEvent): EventRow {
  return {
    no: row.no,
    id: row.id,
    source: row.source,
    name: row.name,
    data: row.data,
    isRouted: row.is_routed === routing.routed,
    isHeld: row.is_routed === routing.held,
    matched: row.matched,
    refused: row.refused === null ? [] : JSON.parse(row.refused),
    joined: row.joined === null ? [] : JSON.parse(row.joined),
    at: row.at,
    tries: row.tries,
    triedAt: row.tried_at,
    tryError: row.try_error,
  };
}
