import type { Flow, RateNeed, RunFlow } from "../../kernel/model/flow.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { StartRefusal } from "../../kernel/model/transition.ts";
import { state } from "./codes.ts";
import type { Context } from "./context.ts";
import { lockRun } from "./live-row.ts";
import type { Work } from "./work.ts";

/** The outcome of a start that is not refused, before it has a run. */
export type Admission =
  /** A new run that starts at `notBefore`; null: now. `throttledTo`: its place in the throttle, if that is later. */
  | { readonly kind: "new"; readonly notBefore: number | null; readonly throttledTo: number | null }
  /** The start was merged into an existing run. */
  | { readonly kind: "joined"; readonly run: number; readonly id: string };

const atOnce: Admission = { kind: "new", notBefore: null, throttledTo: null };

/**
 * Why the flow control of its definition refuses a start: a singleton is open, or the rate limit is reached. A start
 * that will be merged into another run is not refused by a rate limit. Changes nothing. `but`: a run that is about to
 * end.
 */
export function* refusalOf(
  context: Context,
  flow: Flow,
  at: number,
  but: number | null = null,
): Work<StartRefusal | null> {
  const { singleton, rate } = flow;
  if (singleton?.mode === "skip") {
    const open = yield* runOfKey(context, singleton.key);
    if (open !== null && open.run !== but) return { ok: false, why: "skipped", key: singleton.key, id: open.id };
  }
  if (rate === undefined || (yield* gatheringRun(context, flow)) !== null) return null;
  const allowedAt = yield* nextConforming(context, rate, at);
  return allowedAt > at ? { ok: false, why: "rate-limited", key: rate.key, retryInMs: allowedAt - at } : null;
}

/** Applies the flow control of a start that is not refused: debounce, batch, rate limit and throttle, in this order. */
export function* admit(context: Context, start: StartRun, flow: Flow, at: number): Work<Admission> {
  const joined = yield* joinDebounceOrBatch(context, start, flow, at);
  if (joined !== null) return joined;
  if (flow.rate !== undefined) yield* markStart(context, flow.rate, at);
  const windowEndAt = windowEndOf(flow, at);
  if (flow.throttle === undefined)
    return windowEndAt === null ? atOnce : { kind: "new", notBefore: windowEndAt, throttledTo: null };
  const place = yield* takePlace(context, flow.throttle, windowEndAt ?? at);
  return { kind: "new", notBefore: place, throttledTo: place > at ? place : null };
}

/** The earliest allowed start: a place that a cancelled start gave back, or else a new one. */
function* takePlace(context: Context, throttle: RateNeed, from: number): Work<number> {
  const { db } = context;
  const free = yield* db.get<{ at: number; run: number }>(
    "select at, run from throttle_places where key = ? and at >= ? order by at, run limit 1",
    throttle.key,
    from,
  );
  const next = Math.max(yield* nextConforming(context, throttle, from), from);
  if (free === undefined || free.at >= next) {
    yield* markStart(context, throttle, next);
    return next;
  }
  yield* db.run("delete from throttle_places where key = ? and at = ? and run = ?", throttle.key, free.at, free.run);
  return free.at;
}

/**
 * Gives back the place of a throttled start that was cancelled before its time. A full batch starts before its place:
 * it has used it, so only a run that no worker has leased gives its place back. `notBefore`: it was suspended until then.
 */
export function* giveBackPlace(
  context: Context,
  { run, fence }: { readonly run: number; readonly fence: number },
  flow: string | null,
  at: number,
): Work<void> {
  const { throttle, notBefore } = flow === null ? ({} as RunFlow) : (JSON.parse(flow) as RunFlow);
  if (throttle === undefined || throttle.at <= at || (fence > 0 && notBefore === undefined)) return;
  if (!context.safeguards.givesPlaceBack()) return;
  yield* context.db.run(
    "insert into throttle_places (key, at, run) values (?, ?, ?) on conflict do nothing",
    throttle.key,
    throttle.at,
    run,
  );
}

/** Records the new run under the keys by which later starts find it. */
export function* remember(context: Context, run: number, flow: Flow, at: number): Work<void> {
  const { singleton, debounce, batch } = flow;
  if (singleton !== undefined) yield* rememberKey(context, singleton.key, run, at);
  if (debounce !== undefined) yield* rememberKey(context, debounce.key, run, at + debounce.maxMs);
  if (batch !== undefined) yield* rememberKey(context, batch.key, run, at + batch.waitMs);
}

function* rememberKey(context: Context, key: string, run: number, until: number): Work<void> {
  yield* context.db.run(
    `insert into gathers (key, run, count, until) values (?, ?, 1, ?)
     on conflict (key) do update set run = excluded.run, count = 1, until = excluded.until`,
    key,
    run,
    until,
  );
}

interface KeyedRun {
  readonly run: number;
  readonly id: string;
  readonly count: number;
  readonly until: number;
  readonly state: number;
  readonly fence: number;
  readonly readyAt: number;
  readonly input: string | null;
}

/**
 * The run of a key that has not ended, or null. It is locked before its state is read: a worker may be leasing it at
 * this moment, and what is written into it then would be lost.
 */
function* runOfKey(context: Context, key: string): Work<KeyedRun | null> {
  const { db } = context;
  const kept = yield* db.get<{ run: number; count: number; until: number }>(
    "select run, count, until from gathers where key = ?",
    key,
  );
  if (kept === undefined) return null;
  if (context.safeguards.locksFirst()) yield* lockRun(context, kept.run);
  const run = yield* db.get<{ id: string; input: string | null; state: number; fence: number; readyAt: number }>(
    `select r.id, r.input, l.state, l.fence, l.ready_at as readyAt from live l join runs r on r.no = l.run where l.run = ?`,
    kept.run,
  );
  return run === undefined ? null : { ...kept, ...run };
}

/** The run that gathers the starts of this key, if its input can still change: no worker has leased it. */
function* gatheringRun(context: Context, { debounce, batch }: Flow): Work<KeyedRun | null> {
  const key = debounce?.key ?? batch?.key;
  const found = key === undefined ? null : yield* runOfKey(context, key);
  return found === null || found.fence > 0 || found.state !== state.ready ? null : found;
}

/** Why an ended run may not be set going again: another run of its singleton is open. */
export function* reopenRefusal(context: Context, run: number): Work<StartRefusal | null> {
  const key = yield* singletonOf(context, run);
  const open = key === null ? null : yield* runOfKey(context, key);
  if (key === null || open === null || open.run === run || !context.safeguards.asksAgain()) return null;
  return { ok: false, why: "skipped", key, id: open.id };
}

/** The run is open again and is found under its singleton's key. */
export function* rememberAgain(context: Context, run: number, at: number): Work<void> {
  const key = yield* singletonOf(context, run);
  if (key !== null) yield* rememberKey(context, key, run, at);
}

function* singletonOf({ db }: Context, run: number): Work<string | null> {
  const flow = (yield* db.get<{ flow: string | null }>("select flow from runs where no = ?", run))?.flow;
  return flow == null ? null : ((JSON.parse(flow) as RunFlow).singleton?.key ?? null);
}

/** The run that a singleton in replace mode ends. */
export function* replaced(context: Context, { singleton }: Flow): Work<number | null> {
  return singleton?.mode === "replace" ? ((yield* runOfKey(context, singleton.key))?.run ?? null) : null;
}

function* joinDebounceOrBatch(context: Context, start: StartRun, flow: Flow, at: number): Work<Admission | null> {
  const found = yield* gatheringRun(context, flow);
  if (found === null) return null;
  if (flow.debounce !== undefined) {
    const readyAt = Math.min(at + flow.debounce.waitMs, Math.max(found.until, at));
    yield* replaceInput(context, found.run, start.input);
    // Another start does not move a throttled run forward.
    yield* moveStart(context, found, flow.throttle === undefined ? readyAt : Math.max(readyAt, found.readyAt));
    return { kind: "joined", run: found.run, id: found.id };
  }
  return flow.batch === undefined ? null : yield* joinBatch(context, start, { ...flow, batch: flow.batch }, found, at);
}

/** Moves a run's start time, and its deadline by the same amount. */
function* moveStart(context: Context, { run, readyAt }: KeyedRun, to: number): Work<void> {
  if (to === readyAt) return;
  yield* context.db.run(
    "update live set ready_at = ?, deadline_at = deadline_at + ? where run = ?",
    to,
    to - readyAt,
    run,
  );
  context.hints.ready = true;
}

function* joinBatch(
  context: Context,
  start: StartRun,
  { batch, throttle }: Pick<Flow, "throttle"> & { readonly batch: NonNullable<Flow["batch"]> },
  found: KeyedRun,
  at: number,
): Work<Admission | null> {
  const { db } = context;
  if (found.count >= batch.size) return null;
  const before = (yield* context.payloads.whole(found.run, "input", found.input)) ?? "[]";
  const input = `${before.slice(0, -1)},${(start.input ?? "[null]").slice(1)}`;
  const count = found.count + 1;
  // A batch that cannot hold this start starts now, and this start opens the next batch.
  const hasRoom = Buffer.byteLength(input) <= batch.bytesMax;
  if (hasRoom) {
    yield* replaceInput(context, found.run, input);
    yield* db.run("update gathers set count = ? where key = ?", count, batch.key);
  }
  if (!hasRoom || count >= batch.size) {
    const soonest = throttle === undefined ? at : yield* soonestInstead(context, throttle, found.readyAt, at);
    yield* moveStart(context, found, Math.min(found.readyAt, soonest));
  }
  return hasRoom ? { kind: "joined", run: found.run, id: found.id } : null;
}

function* replaceInput(context: Context, run: number, input: string | null): Work<void> {
  yield* context.db.run(
    "update runs set input = ? where no = ?",
    yield* context.payloads.keep(run, "input", input),
    run,
  );
}

function windowEndOf({ debounce, batch }: Flow, at: number): number | null {
  if (debounce !== undefined) return at + Math.min(debounce.waitMs, debounce.maxMs);
  return batch === undefined || batch.size <= 1 ? null : at + batch.waitMs;
}

/** When the next start of a key is allowed: any window has at most `limit` starts, wherever it begins. */
function* nextConforming(context: Context, { key, limit, perMs }: RateNeed, at: number): Work<number> {
  const { db } = context;
  const ring = yield* db.get<{ size: number; place: number }>("select size, place from rates where key = ?", key);
  if (ring === undefined || ring.size !== limit) return at;
  const oldest = yield* db.get<{ at: number }>(
    "select at from rate_marks where key = ? and place = ?",
    key,
    ring.place,
  );
  return oldest === undefined ? at : Math.max(at, oldest.at + perMs);
}

/**
 * The earliest time to which a start can move that is in the ring at `own`. In a full ring it replaced an older start,
 * so none of the remaining ones is older.
 */
function* soonestInstead({ db }: Context, { key, limit, perMs }: RateNeed, own: number, at: number): Work<number> {
  const marks = (yield* db.all<{ at: number }>("select at from rate_marks where key = ? order by at", key)).map(
    (row) => row.at,
  );
  if (marks.length < limit) return at;
  const others = marks.toSpliced(marks.indexOf(own), 1);
  return Math.max(at, (others[0] ?? own) + (limit === 1 ? 0 : perMs));
}

/**
 * Adds a start to the ring. A changed limit begins a new ring: the first window after the change may be a mix of both.
 */
function* markStart(context: Context, { key, limit, perMs }: RateNeed, startAt: number): Work<void> {
  const { db } = context;
  const ring = yield* db.get<{ size: number; place: number }>("select size, place from rates where key = ?", key);
  const isNew = ring === undefined || ring.size !== limit;
  if (isNew) yield* db.run("delete from rate_marks where key = ?", key);
  const place = isNew ? 0 : ring.place;
  yield* db.run(
    "insert into rate_marks (key, place, at) values (?, ?, ?) on conflict (key, place) do update set at = excluded.at",
    key,
    place,
    startAt,
  );
  yield* db.run(
    `insert into rates (key, size, place, forget_at) values (?, ?, ?, ?)
     on conflict (key) do update set size = excluded.size, place = excluded.place, forget_at = excluded.forget_at`,
    key,
    limit,
    (place + 1) % limit,
    startAt + perMs,
  );
}

/** Removes keys that are no longer needed. Part of the sweep. */
export function* forgetKeys(context: Context, limit: number, at: number): Work<void> {
  const { db } = context;
  const old = yield* db.all<{ key: string }>(
    "select key from rates where forget_at < ? order by forget_at limit ?",
    at,
    limit,
  );
  for (const { key } of old) {
    yield* db.run("delete from rate_marks where key = ?", key);
    yield* db.run("delete from rates where key = ?", key);
  }
  yield* db.run(
    "delete from throttle_places where (key, at, run) in (select key, at, run from throttle_places where at < ? order by at limit ?)",
    at,
    limit,
  );
  yield* db.run(
    "delete from gathers where key in (select g.key from gathers g where not exists (select 1 from live l where l.run = g.run) limit ?)",
    limit,
  );
}
