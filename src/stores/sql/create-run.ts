import type { Flow, SlotNeed } from "../../kernel/model/flow.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import { type Admission, remember } from "./admission.ts";
import { indexAttributes } from "./attributes.ts";
import { state, statusOfState } from "./codes.ts";
import type { Context } from "./context.ts";
import { setLimits, slotState, standInLine, takeSlots } from "./slots.ts";
import type { Work } from "./work.ts";

/** Which events a run may receive: those after `floor`, except the one that started it. */
interface EventBounds {
  readonly floor: number;
  readonly startEvent: number | null;
}

/** What a run belongs to. */
export interface Family {
  /** The chain that it continues; null for every other run. */
  readonly chain: number | null;
  /** The chain of its parent; null if the parent is no later part of one. */
  readonly parentChain: number | null;
}

export const noFamily: Family = { chain: null, parentChain: null };

/** The row of a new run. */
export interface NewRow {
  readonly no: number;
  readonly definition: number;
}

/** Writes the row of a new run. Null: the run exists already. */
export function* insertRun(
  context: Context,
  start: StartRun,
  { floor, startEvent }: EventBounds,
  family: Family,
  at: number,
): Work<NewRow | null> {
  const { db } = context;
  const definition = yield* context.definitions.numberOf(start.definition);
  yield* context.definitions.setKeep(definition, start.flow?.keep);
  yield* context.definitions.setQueue(definition, start.queue);
  const offloaded = context.payloads.isLarge(start.input);
  const made = yield* db.get<{ no: number }>(
    `insert into runs (no, id, definition, key, input, attributes, origin, parent, parent_key, parent_awaits, event_floor, start_event, created_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing returning no`,
    yield* context.numbers.next(),
    start.id,
    definition,
    start.key,
    offloaded ? null : start.input,
    start.attributes,
    JSON.stringify(start.origin),
    start.parent?.no ?? null,
    start.parent?.key ?? null,
    start.parent === undefined ? null : start.parent.isAwaited ? 1 : 0,
    floor,
    startEvent,
    at,
  );
  if (made === undefined) return null;
  const { no } = made;
  if (offloaded)
    yield* db.run("update runs set input = ? where no = ?", yield* context.payloads.keep(no, "input", start.input), no);
  // A statement of its own: nearly every run has neither.
  if (family.chain !== null || family.parentChain !== null)
    yield* db.run("update runs set chain = ?, parent_chain = ? where no = ?", family.chain, family.parentChain, no);
  return { no, definition };
}

/** How a run enters the queue. */
export interface Entrance extends Extract<Admission, { kind: "new" }> {
  /** The chain that it continues, and what it takes over from the part before it. */
  readonly continues?: {
    readonly chain: number;
    readonly isJoined: boolean;
    /** The deadline of the chain, if it has one. */
    readonly deadlineAt: number | null;
  };
}

/**
 * Puts a new run into the queue, with its slots or in their line. Returns whether the worker that the start names holds
 * it.
 */
export function* enqueueRun(
  context: Context,
  { no, definition }: NewRow,
  start: StartRun,
  entrance: Entrance,
  at: number,
): Work<boolean> {
  const { flow } = start;
  const { continues } = entrance;
  const dueAt = dueOf(start, entrance.notBefore, at);
  const isDue = dueAt === null || dueAt <= at;
  const readyAt = isDue ? at - start.priorityMs : dueAt;
  if (flow !== undefined) yield* remember(context, no, flow, at);
  const fullKey = isDue && flow?.slots !== undefined ? yield* takeFirstSlots(context, no, flow.slots, at) : null;
  // A worker that was marked dead meanwhile would hold it forever.
  const isLeased =
    start.leaseTo !== undefined &&
    isDue &&
    fullKey === null &&
    (yield* context.scratch.isAlive(context.db, start.leaseTo, at));
  const code = isLeased ? state.leased : fullKey === null ? state.ready : state.parked;
  yield* context.db.run(
    "insert into live (run, definition, state, ready_at, holder, fence) values (?, ?, ?, ?, ?, ?)",
    no,
    definition,
    code,
    code === state.ready ? readyAt : null,
    isLeased ? (start.leaseTo ?? null) : null,
    isLeased ? 1 : 0,
  );
  if (continues !== undefined)
    yield* context.db.run(
      "update live set chain = ?, is_joined = ? where run = ?",
      continues.chain,
      continues.isJoined ? 1 : 0,
      no,
    );
  if (flow !== undefined) yield* keepFlow(context, no, flow, entrance.throttledTo);
  const ownDeadline = flow?.deadlineMs === undefined ? null : (dueAt ?? at) + flow.deadlineMs;
  // That of the chain holds also for a part whose version sets none.
  const deadlineAt = continues?.deadlineAt ?? ownDeadline;
  if (flow?.slots !== undefined || deadlineAt !== null)
    yield* applyFlow(context, no, flow, isDue && fullKey === null, deadlineAt);
  if (fullKey !== null) yield* standInLine(context, no, fullKey, { rank: readyAt, readyAt: null }, at);
  if (code === state.ready || deadlineAt !== null) context.hints.ready = true;
  if (start.attributes !== null) yield* indexAttributes(context, no, start.attributes);
  context.counters.hour(definition, "started", at, 1);
  context.counters.move(definition, null, statusOfState(code, false));
  context.hints.change(no, start.id, statusOfState(code, false));
  return isLeased;
}

function dueOf(start: StartRun, notBefore: number | null, at: number): number | null {
  const asked = start.at ?? (start.delayMs === undefined ? null : at + start.delayMs);
  return asked === null || notBefore === null ? (asked ?? notBefore) : Math.max(asked, notBefore);
}

function* takeFirstSlots(context: Context, run: number, needs: readonly SlotNeed[], at: number): Work<string | null> {
  yield* setLimits(context, needs, at);
  return yield* takeSlots(context, run, 1, needs, at);
}

/**
 * Stores, as `RunFlow`, what outlives the start: the slots that the run takes again after each wait, its deadline, its
 * place and its singleton.
 */
function* keepFlow(context: Context, run: number, flow: Flow, throttledTo: number | null): Work<void> {
  const { slots, deadlineMs } = flow;
  const throttle =
    flow.throttle === undefined || throttledTo === null ? undefined : { key: flow.throttle.key, at: throttledTo };
  const singleton = flow.singleton === undefined ? undefined : { key: flow.singleton.key };
  const kept = { slots, deadlineMs, throttle, singleton };
  if (Object.values(kept).every((part) => part === undefined)) return;
  yield* context.db.run("update runs set flow = ? where no = ?", JSON.stringify(kept), run);
}

/** Sets the run's slots and deadline in the queue. */
function* applyFlow(
  context: Context,
  run: number,
  flow: Flow | undefined,
  isHolding: boolean,
  deadlineAt: number | null,
): Work<void> {
  yield* context.db.run(
    "update live set slots = ?1, deadline_at = ?2, ready_at = case when state = ?3 then ?2 else ready_at end where run = ?4",
    flow?.slots === undefined ? slotState.none : isHolding ? slotState.holding : slotState.wanting,
    deadlineAt,
    state.parked,
    run,
  );
}
