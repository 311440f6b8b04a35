import type { WaitOpening } from "../../kernel/model/transition.ts";
import { canonical } from "../../stdx/json.ts";
import { keepMark, readMark } from "./chains.ts";
import type { Context } from "./context.ts";
import { deliver } from "./inbox.ts";
import type { Work } from "./work.ts";

/** Registers a wait. A wait for an event also checks, in the same transaction, for an event that arrived first. */
export function* openWait(context: Context, run: number, wait: WaitOpening, at: number): Work<void> {
  const { db } = context;
  const dueAt = wait.dueAt ?? (wait.dueInMs === undefined ? null : at + wait.dueInMs);
  const isEvent = wait.kind === "event" && wait.name !== undefined;
  const match = wait.match ?? {};
  const hash = isEvent ? yield* context.matching.hashOfWait(wait.name, match) : null;
  const no = yield* context.nextWait(at);
  yield* db.run(
    `insert into waits (run, key, kind, no, due_at, since, name, match, hash, attempt) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (run, key) do update set kind = excluded.kind, due_at = excluded.due_at, attempt = excluded.attempt, name = excluded.name`,
    run,
    wait.key,
    wait.kind,
    no,
    dueAt,
    at,
    wait.name ?? null,
    isEvent && Object.keys(match).length > 0 ? canonical(match) : null,
    hash,
    wait.attempt ?? 0,
  );
  if (isEvent && hash !== null && context.safeguards.looksBack()) yield* lookBack(context, run, wait, hash, at);
}

function* lookBack(context: Context, run: number, wait: WaitOpening, hash: number, at: number): Work<void> {
  const { db } = context;
  const { name = "", match = {} } = wait;
  const start = yield* db.get<{ event_floor: number; start_event: number | null; chain: number | null }>(
    "select event_floor, start_event, chain from runs where no = ?",
    run,
  );
  const hasLookback = wait.lookbackMs !== undefined;
  const chain = context.safeguards.readsAsChain() ? (start?.chain ?? null) : null;
  const shape = { name, hash, match: canonical(match) };
  const mark = chain === null || hasLookback ? 0 : yield* readMark(context, chain, shape);
  const floor = hasLookback ? 0 : Math.max(mark, context.safeguards.eventFloor(start?.event_floor ?? 0));
  const since = hasLookback ? at - (wait.lookbackMs ?? 0) : null;
  const owner = { run, chain };
  const event = yield* context.matching.find(owner, name, hash, match, floor, since, start?.start_event ?? null);
  if (chain !== null && !hasLookback) yield* keepMark(context, chain, shape, floor, event);
  if (event !== null) yield* settleWait(context, run, wait.key, event, at);
}

/** Checks again every event wait of a run. Needed by a store whose concurrent transactions do not see each other. */
export function* lookAgain(context: Context, run: number, at: number): Work<void> {
  const waits = yield* context.db.all<{ key: string; name: string; match: string | null; hash: number }>(
    "select key, name, match, hash from waits where run = ? and kind = 'event' and event is null",
    run,
  );
  for (const wait of waits) {
    const opening = {
      key: wait.key,
      kind: "event",
      name: wait.name,
      match: wait.match === null ? {} : JSON.parse(wait.match),
    } as const;
    yield* lookBack(context, run, opening, wait.hash, at);
  }
}

/** Delivers an event to a wait. A run receives an event at most once, and a wait receives at most one event. */
export function* settleWait(context: Context, run: number, key: string, event: number, at: number): Work<boolean> {
  const isNew = yield* deliver(context, { run, kind: "event", ref: String(event), key, body: null }, at);
  if (!isNew) return false;
  yield* context.db.run("update waits set event = ? where run = ? and key = ?", event, run, key);
  yield* context.db.run("update events set matched = matched + 1 where no = ?", event);
  return true;
}

export function* closeWait(context: Context, run: number, key: string): Work<void> {
  yield* context.db.run("delete from waits where run = ? and key = ?", run, key);
}
