import type { Context } from "./context.ts";
import { hashOf } from "./files.ts";
import type { Work } from "./work.ts";

/**
 * A run that continues as new runs is one execution, its chain. Its number is that of its first part. A run that never
 * continued has no row in `chains`, and no `chain`. The first part has no `chain` either: its number says it, so that
 * "belongs to chain n" is always "is n, or has chain n".
 */

/** The open part of a run's chain, or the one that was the last to end. For a run without a chain: itself. */
export function* livingPart({ db }: Context, run: number): Work<number> {
  const chain = yield* db.get<{ last: number }>(
    "select c.last from runs r join chains c on c.no = coalesce(r.chain, r.no) where r.no = ?",
    run,
  );
  return chain?.last ?? run;
}

/** Adds a part to a chain. */
export function* continueChain({ db }: Context, chain: number, part: number): Work<void> {
  yield* db.run(
    "insert into chains (no, last, ended_at) values (?, ?, null) on conflict (no) do update set last = excluded.last, ended_at = null",
    chain,
    part,
  );
}

/** `endedAt`: null if its last part is set going again. */
export function* setChainEnd({ db }: Context, chain: number, endedAt: number | null): Work<void> {
  yield* db.run("update chains set ended_at = ? where no = ?", endedAt, chain);
}

/**
 * Beyond this many events that a chain has received already, it remembers how far it has looked. A loop that waits for
 * one event in each round would otherwise look at all earlier ones again in each.
 */
const passedMax = 16;

/** What a wait can receive, as the key of a chain's mark. */
interface WaitShape {
  readonly name: string;
  readonly hash: number;
  readonly match: string | null;
}

/** The event up to which the chain has received everything that such a wait could receive; 0 if it is not known. */
export function* readMark({ db }: Context, chain: number, shape: WaitShape): Work<number> {
  const key = keyOf(shape);
  return (
    (yield* db.get<{ event: number }>("select event from chain_marks where chain = ? and key = ?", chain, key))
      ?.event ?? 0
  );
}

/** Remembers how far a search has come: `found` is the event that it has found, or null. */
export function* keepMark(
  { db }: Context,
  chain: number,
  shape: WaitShape,
  floor: number,
  found: number | null,
): Work<void> {
  const passed = yield* db.all<{ event: number }>(
    "select event from event_keys where name = ? and hash = ? and event > ? and event < ? order by event limit ?",
    shape.name,
    shape.hash,
    floor,
    found ?? Number.MAX_SAFE_INTEGER,
    passedMax,
  );
  if (passed.length < passedMax) return;
  const last = yield* db.get<{ event: number | null }>(
    "select max(event) as event from event_keys where name = ? and hash = ? and event < ?",
    shape.name,
    shape.hash,
    found ?? Number.MAX_SAFE_INTEGER,
  );
  yield* db.run(
    "insert into chain_marks (chain, key, event) values (?, ?, ?) on conflict (chain, key) do update set event = excluded.event",
    chain,
    keyOf(shape),
    last?.event ?? floor,
  );
}

function keyOf({ name, hash, match }: WaitShape): string {
  return hashOf(Buffer.from(JSON.stringify([name, hash, match])));
}

/** The part ends and has not read these events: the next part may receive them, in any of its waits. */
export function* forgetUnread({ db }: Context, part: number, chain: number): Work<void> {
  const unread = yield* db.all<{ ref: string }>(
    "select ref from inbox where run = ? and kind = 'event' and is_read = 0",
    part,
  );
  for (const { ref } of unread)
    yield* db.run("update events set matched = matched - 1 where no = ? and matched > 0", Number(ref));
  yield* db.run("delete from inbox where run = ? and kind = 'event' and is_read = 0", part);
  if (unread.length > 0) yield* db.run("delete from chain_marks where chain = ?", chain);
}

/** Removes what is left of a chain together with the last of its parts that retention still kept. */
export function* removeChain({ db }: Context, chain: number): Work<void> {
  if ((yield* db.get("select 1 from chains where no = ?", chain)) === undefined) return;
  if ((yield* db.get("select 1 from runs where no = ?1 or chain = ?1 limit 1", chain)) !== undefined) return;
  yield* db.run("delete from chain_marks where chain = ?", chain);
  // Only events carry the chain; the kind is what lets the index be used.
  yield* db.run("delete from inbox where chain = ? and kind = 'event'", chain);
  yield* db.run("delete from chains where no = ?", chain);
}
