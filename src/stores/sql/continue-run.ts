import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Next } from "../../kernel/model/transition.ts";
import { mergedAttributes } from "./attributes.ts";
import { continueChain, forgetUnread } from "./chains.ts";
import type { Context } from "./context.ts";
import { enqueueRun, insertRun } from "./create-run.ts";
import { endRun } from "./end-run.ts";
import { moveJoins } from "./joins.ts";
import type { LiveRow } from "./live-row.ts";
import { moveKeptSlots } from "./slots.ts";
import type { Work } from "./work.ts";

/** What the next part takes over from the part that ends. */
interface Part {
  readonly chain: number | null;
  readonly attributes: string | null;
  readonly event_floor: number;
  readonly start_event: number | null;
  readonly parent: number | null;
  readonly parent_key: string | null;
  readonly parent_awaits: number | null;
  readonly parent_chain: number | null;
}

/**
 * Ends a part of a chain and starts the next one. Its start was admitted with the first part, so limits on starts are
 * not applied again. The next part has the same parent, deadline, attributes and kept slots; calls that wait for the
 * chain wait for it. It receives the same events, except those that the chain has received.
 */
export function* continueRun(
  context: Context,
  old: LiveRow,
  end: Extract<Next, { state: "completed" }>,
  start: StartRun,
  fence: number,
  at: number,
): Work<void> {
  const { db } = context;
  const part = yield* db.get<Part & Record<string, unknown>>(
    `select chain, attributes, event_floor, start_event, parent, parent_key, parent_awaits, parent_chain
     from runs where no = ?`,
    old.run,
  );
  if (part === undefined) throw new Error(`run ${old.run} is in the queue but does not exist`);
  const chain = part.chain ?? old.run;
  const next = { ...start, attributes: mergedAttributes(part.attributes, start.attributes) };
  const events = { floor: part.event_floor, startEvent: part.start_event };
  const row = yield* insertRun(context, next, events, { chain, parentChain: part.parent_chain }, at);
  if (row === null) throw new Error(`run ${start.id} cannot continue run ${old.run}: it exists already`);
  const { no } = row;
  yield* continueChain(context, chain, no);
  yield* forgetUnread(context, old.run, chain);
  yield* moveKeptSlots(context, old.run, no, next.flow?.slots ?? []);
  if (old.is_joined === 1) yield* moveJoins(context, old.run, { no, id: start.id });
  yield* endRun(context, old, end, fence, at);
  yield* db.run("update runs set continued_as = ? where no = ?", start.id, old.run);
  if (part.parent !== null) yield* moveParent(context, old.run, { no, id: start.id }, part);
  const continues = { chain, isJoined: old.is_joined === 1, deadlineAt: old.deadline_at };
  yield* enqueueRun(context, row, next, { kind: "new", notBefore: null, throttledTo: null, continues }, at);
}

/** The next part is the child from now on. */
function* moveParent({ db }: Context, old: number, next: { no: number; id: string }, part: Part): Work<void> {
  yield* db.run("update runs set replaced_key = parent_key, parent_key = null, parent_awaits = 0 where no = ?", old);
  yield* db.run(
    "update runs set parent = ?, parent_key = ?, parent_awaits = ? where no = ?",
    part.parent,
    part.parent_key,
    part.parent_awaits,
    next.no,
  );
  yield* db.run("update waits set name = ? where run = ? and key = ?", next.id, part.parent, part.parent_key);
}
