import { readPath } from "../../kernel/decide/match.ts";
import { defaults } from "../../kernel/model/limits.ts";
import { isSealed, maskText } from "../../kernel/model/sealed.ts";
import type { EventRow, EventWaitRow } from "../../kernel/ports/queries.ts";
import type { EventDetail, EventView, EventWait } from "../../wire/event.ts";
import type { Services } from "../services.ts";
import { payloadView } from "./payload.ts";
import { stepName } from "./step-name.ts";
import { iso } from "./time.ts";

/** A received event. */
export async function eventView({ store }: Services, row: EventRow): Promise<EventView> {
  return {
    no: row.no,
    id: row.id,
    source: row.source,
    name: row.name,
    // Large event data is stored with the payloads of runs, under run number 0.
    data: await payloadView(store, 0, `event:${row.no}`, row.data, `/api/events/${row.no}/data`),
    matched: row.matched,
    refused: row.refused,
    joined: row.joined.map(({ definition: name, run }) => ({ name, run })),
    routing: row.isHeld ? "held" : row.isRouted ? "routed" : "waiting",
    tries: row.tries,
    tryError: row.tryError,
    receivedAt: iso(row.at),
  };
}

const shownMax = 20;

/** An event with its effects, and why it had no others. `row` has the whole data. */
export async function eventDetail(services: Services, row: EventRow): Promise<EventDetail> {
  const { store, engine } = services;
  const [view, runs, { waits, total }] = await Promise.all([
    eventView(services, row),
    store.query("eventRuns", { no: row.no, limit: shownMax }),
    store.query("eventWaits", { name: row.name, limit: shownMax }),
  ]);
  const data: unknown = row.data === null ? undefined : JSON.parse(maskText(row.data));
  const listeners = engine.handlers.filter(({ triggers }) => triggers.includes(row.name));
  const facts: Facts = {
    row,
    listeners: [...new Set(listeners.map(({ definition }) => definition.name))],
    // Encrypted data cannot be compared.
    waits: waits.map((wait) => (isSealed(row.data) ? { ...waitView(wait, null), differs: [] } : waitView(wait, data))),
    waiting: total,
  };
  const outcome = outcomeOf(facts);
  return {
    ...view,
    outcome,
    outcomeText: outcomeText(outcome, facts),
    runs: runs.map(({ id, definition: name, how }) => ({ id, name, how })),
    listeners: facts.listeners,
    waits: facts.waits,
    waiting: total,
  };
}

/** The facts that determine the outcome. */
export interface Facts {
  readonly row: Pick<
    EventRow,
    "no" | "name" | "matched" | "refused" | "joined" | "isRouted" | "isHeld" | "tries" | "tryError"
  >;
  readonly listeners: readonly string[];
  readonly waits: readonly EventWait[];
  readonly waiting: number;
}

export function waitView({ run, definition: name, key, match }: EventWaitRow, data: unknown): EventWait {
  const wanted = match === null ? null : (JSON.parse(match) as Record<string, unknown>);
  const differs = Object.entries(wanted ?? {})
    .map(([path, value]) => ({ path, wanted: value, got: readPath(data, path) }))
    .filter((each) => each.got !== each.wanted)
    // JSON cannot represent a missing value.
    .map((each) => ({ ...each, got: each.got ?? null }));
  return { run, name, step: stepName(key), match: wanted, differs };
}

export function outcomeOf({ row, listeners, waiting }: Facts): EventDetail["outcome"] {
  if (row.isHeld) return "dead";
  if (row.matched > 0) return "matched";
  if (row.joined.length > 0) return "batched";
  if (row.refused.length > 0) return "refused";
  if (!row.isRouted) return "waiting";
  return listeners.length === 0 && waiting === 0 ? "no-listener" : "no-match";
}

export function outcomeText(outcome: EventDetail["outcome"], facts: Facts): string {
  const { row, listeners, waits, waiting } = facts;
  const { name } = row;
  switch (outcome) {
    case "matched":
      return row.matched === 1 ? "Started or resumed one run" : `Started or resumed ${row.matched} runs`;
    case "batched":
      return `Batched into run ${row.joined.map(({ run }) => run).join(" and run ")}`;
    case "refused":
      return `Started nothing: ${row.refused.join("; ")}`;
    case "dead":
      return `Held after ${row.tries} routing tries without a result: ${row.tryError ?? "its process ended"}. It starts nothing${woken(row.matched)}. Fix the input schema, key or limits of ${nameList(listeners)}, deploy the fix, and route it again with: baton events retry ${row.no}`;
    case "waiting":
      if (row.tries > 0 && row.tryError !== null)
        return `Stored. Its next routing try runs alone, ${row.tries} of ${defaults.routing.triesMax} had no result: ${row.tryError}`;
      return "Stored. It is delivered when a worker with the definitions is running";
    case "no-listener":
      return `No loaded workflow is triggered by ${name}, and no run is waiting for it`;
    case "no-match": {
      const [difference] = waits.flatMap((wait) => wait.differs.slice(0, 1));
      const who = waiting === 1 ? "One run is waiting" : `${waiting} runs are waiting`;
      if (difference !== undefined) {
        const { path, wanted, got } = difference;
        return `${who} for ${name}, but the data differs: ${path} is ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`;
      }
      if (waiting > 0) return `${who} for ${name}, but started waiting after this event was received`;
      return `${listeners.join(", ")} is triggered by ${name} now, but was not when this event was received`;
    }
  }
}

function woken(matched: number): string {
  if (matched === 0) return "";
  return matched === 1
    ? ", and resumed one run that waited for it"
    : `, and resumed ${matched} runs that waited for it`;
}

function nameList(names: readonly string[]): string {
  return names.length === 0 ? "the workflows that it starts" : names.join(", ");
}
