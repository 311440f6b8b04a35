import type { SlotNeed } from "../../kernel/model/flow.ts";
import { state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import type { Work } from "./work.ts";

/**
 * Slots limit how many runs of a key work at once. A slot is a row, taking one is an insert, and the primary key is the
 * limit.
 *
 * Invariants: A run holds all slots that it needs, or is in exactly one queue, that of its first full key. A run in the
 * ready index that needs slots either holds them or is checked again when it is leased. The transaction that frees a
 * slot also hands it to the first run in the queue, so no slot is free while a run is queued for it. Slots belong to
 * runs: when a worker crashes, its runs keep their slots, also under their next lease.
 */
export const slotState = { none: 0, wanting: 1, holding: 2 } as const;

interface Waiter {
  run: number;
  rank: number;
  ready_at: number | null;
}

/** Takes all slots that the run needs, or none. Returns null if it holds them, otherwise the first key that is full. */
export function* takeSlots(
  context: Context,
  run: number,
  fence: number,
  needs: readonly SlotNeed[],
  at: number,
): Work<string | null> {
  const found = yield* findFree(context, run, needs, null);
  if (typeof found === "string") return found;
  for (const { need, n } of found) yield* insertSlot(context, run, fence, need, n, at);
  return null;
}

/**
 * A free number for each slot that the run lacks, or the first key without one. `given`: a slot that was handed to the
 * run.
 */
function* findFree(
  context: Context,
  run: number,
  needs: readonly SlotNeed[],
  given: { key: string; n: number } | null,
): Work<string | readonly { need: SlotNeed; n: number }[]> {
  const free: { need: SlotNeed; n: number }[] = [];
  for (const need of needs) {
    if (given !== null && need.key === given.key) {
      free.push({ need, n: given.n });
      continue;
    }
    if (yield* holds(context, run, need.key)) continue;
    const n = yield* freeNumber(context, need, run);
    if (n === null) return need.key;
    free.push({ need, n });
  }
  return free;
}

function* holds(context: Context, run: number, key: string): Work<boolean> {
  return (yield* context.db.get("select 1 from slots where run = ? and key = ?", run, key)) !== undefined;
}

/** Null if all are taken, or if other runs are queued, since none may be overtaken. */
function* freeNumber(context: Context, need: SlotNeed, run: number): Work<number | null> {
  const { db } = context;
  const { key } = need;
  const line = yield* db.get<{ run: number }>(
    "select run from slot_waiters where key = ? order by rank, run limit 1",
    key,
  );
  if (line !== undefined && line.run !== run) return null;
  const max = context.safeguards.slotLimit(yield* limitOf(context, need));
  const last = (yield* db.get<{ n: number | null }>("select max(n) as n from slots where key = ?", key))?.n ?? 0;
  if (last < max) return last + 1;
  if (max <= 1) return null;
  return yield* firstGap(context, key, max);
}

/** The sweep removes unused limits. A run that released its slot to wait brings its own limit. */
function* limitOf({ db }: Context, { key, limit }: SlotNeed): Work<number> {
  const known = (yield* db.get<{ max: number }>("select max from slot_limits where key = ?", key))?.max;
  if (known === undefined) yield* db.run("insert into slot_limits (key, max) values (?, ?)", key, limit);
  return known ?? limit;
}

function* firstGap(context: Context, key: string, max: number): Work<number | null> {
  const { db } = context;
  if ((yield* db.get("select 1 from slots where key = ? and n = 1", key)) === undefined) return 1;
  const gap = yield* db.get<{ n: number | null }>(
    `select min(s.n) + 1 as n from slots s where s.key = ? and s.n < ?
       and not exists (select 1 from slots t where t.key = s.key and t.n = s.n + 1)`,
    key,
    max,
  );
  return gap?.n ?? null;
}

function* insertSlot(context: Context, run: number, fence: number, need: SlotNeed, n: number, at: number): Work<void> {
  yield* context.db.run(
    "insert into slots (key, n, run, fence, since, is_kept) values (?, ?, ?, ?, ?, ?)",
    need.key,
    n,
    run,
    fence,
    at,
    need.isKept ? 1 : 0,
  );
}

/** Queues a run for a slot of a key. A run that is already queued keeps its rank. */
export function* standInLine(
  context: Context,
  run: number,
  key: string,
  wait: { rank: number; readyAt: number | null },
  at: number,
): Work<void> {
  const { db } = context;
  const before = yield* db.get<{ rank: number; since: number }>(
    "select rank, since from slot_waiters where run = ?",
    run,
  );
  yield* db.run("delete from slot_waiters where run = ?", run);
  yield* db.run(
    "insert into slot_waiters (key, rank, run, ready_at, since) values (?, ?, ?, ?, ?)",
    key,
    before?.rank ?? wait.rank,
    run,
    wait.readyAt,
    before?.since ?? at,
  );
}

/**
 * The newest start sets the limit of a key. Added slots are handed out at once; a lower limit takes effect as slots are
 * released.
 */
export function* setLimits(context: Context, needs: readonly SlotNeed[], at: number): Work<void> {
  for (const { key, limit } of needs) {
    const known = (yield* context.db.get<{ max: number }>("select max from slot_limits where key = ?", key))?.max;
    if (known === limit) continue;
    yield* context.db.run(
      "insert into slot_limits (key, max) values (?, ?) on conflict (key) do update set max = excluded.max",
      key,
      limit,
    );
    if (known !== undefined && limit > known) yield* fillSlots(context, key, at);
  }
}

/** Releases the run's slots: all if it ends or is suspended; if it only waits, `keptToo` is false. */
export function* releaseSlots(context: Context, run: number, keptToo: boolean, at: number): Work<void> {
  const { db } = context;
  const freed = yield* db.all<{ key: string; n: number }>(
    `select key, n from slots where run = ? ${keptToo ? "" : "and is_kept = 0"} order by key`,
    run,
  );
  if (keptToo) yield* db.run("delete from slot_waiters where run = ?", run);
  if (!context.safeguards.releasesSlots()) return;
  for (const { key, n } of freed) yield* db.run("delete from slots where key = ? and n = ?", key, n);
  for (const { key, n } of freed) yield* handOver(context, key, n, at);
}

/** Releases slots of a run that has not ended. It must take them again before it is leased again. */
export function* giveSlotsBack(context: Context, run: number, keptToo: boolean, at: number): Work<void> {
  yield* releaseSlots(context, run, keptToo, at);
  const needs = needsOf(
    (yield* context.db.get<{ flow: string | null }>("select flow from runs where no = ?", run))?.flow ?? null,
  );
  const holdsAll = !keptToo && needs.every((need) => need.isKept);
  yield* context.db.run(
    "update live set slots = ? where run = ?",
    holdsAll ? slotState.holding : slotState.wanting,
    run,
  );
}

/** Maximum queued runs checked for one free slot. Those behind wait for the sweep. */
const lookMax = 1_000;

/**
 * Hands a free slot to the first queued run that can have all slots it needs. The others move to the queue of the slot
 * that they lack.
 */
function* handOver(context: Context, key: string, n: number, at: number): Work<void> {
  const { db } = context;
  if (!context.safeguards.handsOver()) return;
  const max = (yield* db.get<{ max: number }>("select max from slot_limits where key = ?", key))?.max ?? 0;
  if (n > max) return;
  for (let looked = 0; looked < lookMax; looked++) {
    const first = yield* db.get<Waiter & Record<string, unknown>>(
      "select run, rank, ready_at from slot_waiters where key = ? order by rank, run limit 1",
      key,
    );
    if (first === undefined) return;
    const full = yield* give(context, first, key, n, at);
    if (full === null) return;
    yield* standInLine(context, first.run, full, { rank: first.rank, readyAt: first.ready_at }, at);
  }
}

/** Null if the waiter took the slot and is ready, otherwise the key that it must wait for instead. */
function* give(context: Context, waiter: Waiter, key: string, n: number, at: number): Work<string | null> {
  const { db } = context;
  const { run } = waiter;
  const row = yield* db.get<{ flow: string | null; definition: number; state: number; undoing: number; fence: number }>(
    `select r.flow, l.definition, l.state, l.compensation is not null as undoing, l.fence from live l join runs r on r.no = l.run where l.run = ?${context.lock}`,
    run,
  );
  if (row === undefined) {
    yield* db.run("delete from slot_waiters where run = ?", run);
    return null;
  }
  const needs = needsOf(row.flow);
  const found = yield* findFree(context, run, needs, { key, n });
  if (typeof found === "string") return found;
  yield* db.run("delete from slot_waiters where run = ?", run);
  for (const { need, n: number } of found) yield* insertSlot(context, run, row.fence, need, number, at);
  const isUndoing = row.undoing === 1;
  yield* db.run(
    "update live set state = ?, ready_at = ?, slots = ? where run = ?",
    state.ready,
    Math.max(waiter.ready_at ?? Number.MIN_SAFE_INTEGER, waiter.rank),
    slotState.holding,
    run,
  );
  const status = statusOfState(state.ready, isUndoing);
  context.counters.move(row.definition, statusOfState(row.state, isUndoing), status);
  context.hints.ready = true;
  context.hints.change(run, null, status);
  return null;
}

/** The next part of a chain keeps the slots that the chain holds from its start to its end, if it still needs them. */
export function* moveKeptSlots({ db }: Context, from: number, to: number, needs: readonly SlotNeed[]): Work<void> {
  for (const { key, isKept } of needs) {
    if (isKept) yield* db.run("update slots set run = ?, fence = 1 where run = ? and key = ?", to, from, key);
  }
}

/** Hands out the free slots of a key while runs are queued for it. */
function* fillSlots(context: Context, key: string, at: number): Work<void> {
  const { db } = context;
  const max = (yield* db.get<{ max: number }>("select max from slot_limits where key = ?", key))?.max ?? 0;
  const taken = new Set((yield* db.all<{ n: number }>("select n from slots where key = ?", key)).map((row) => row.n));
  for (let n = 1; n <= max; n++) {
    if (taken.has(n)) continue;
    if ((yield* db.get("select 1 from slot_waiters where key = ? limit 1", key)) === undefined) return;
    yield* handOver(context, key, n, at);
  }
}

/** Handles what hand-over may have missed: queues with free slots, and unused limits. Part of the sweep. */
export function* recheckSlots(context: Context, limit: number, at: number): Work<void> {
  const { db } = context;
  for (const { key } of yield* db.all<{ key: string }>("select distinct key from slot_waiters limit ?", limit))
    yield* fillSlots(context, key, at);
  yield* db.run(
    `delete from slot_limits where key in (select key from slot_limits k where not exists (select 1 from slots s where s.key = k.key)
       and not exists (select 1 from slot_waiters w where w.key = k.key) limit ?)`,
    limit,
  );
}

export function needsOf(flow: string | null): readonly SlotNeed[] {
  return flow === null ? [] : ((JSON.parse(flow) as { slots?: readonly SlotNeed[] }).slots ?? []);
}
