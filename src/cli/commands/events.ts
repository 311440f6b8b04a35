import type { EventAccepted, EventBody, EventDetail, EventRetryBody, EventView } from "../../wire/event.ts";
import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { readCount, readJson } from "../input.ts";
import { ago, type Column, jsonText, table } from "../text.ts";
import { rowsMax } from "./runs.ts";

export interface EventsOptions extends Globals {
  readonly name?: string;
  readonly held?: boolean;
  readonly limit: string;
}

export interface RetryOptions extends Globals {
  readonly reason?: string;
}

export interface SendOptions extends Globals {
  readonly data?: string;
  readonly id?: string;
  readonly source?: string;
}

/** `baton events` */
export function listEvents(options: EventsOptions): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const limit = readCount("--limit", options.limit, rowsMax);
    const filter = { name: options.name, ...(options.held === true ? { routing: "held" } : {}) };
    const events = await connection.client.rows<EventView>("/api/events", filter, limit);
    if (io.format !== "human") io.list(await connection.client.whole(events));
    else if (events.length === 0) io.say(options.held === true ? "no held events" : "no events");
    else io.lines(table(columns(Date.now()), events, io));
    return exit.ok;
  });
}

function columns(now: number): readonly Column<EventView>[] {
  return [
    { head: "NO", cell: (event) => String(event.no) },
    { head: "EVENT", cell: (event) => event.name },
    { head: "ID", cell: (event) => event.id },
    { head: "SOURCE", cell: (event) => event.source },
    { head: "MATCHED", cell: (event) => String(event.matched) },
    { head: "RECEIVED", cell: (event) => ago(event.receivedAt, now) },
    {
      head: "DATA",
      cell: noteOf,
    },
  ];
}

function noteOf({ no, routing, tries, refused, data }: EventView): string {
  if (routing === "held") return `held after ${tries} tries: baton events retry ${no}`;
  return refused.length > 0 ? `refused: ${refused.join("; ")}` : jsonText(data);
}

/** `baton events retry` */
export function retryEvent(no: string, options: RetryOptions): Promise<Exit> {
  return runConnected(options, "act", async ({ io, connection }) => {
    const body: EventRetryBody = options.reason === undefined ? {} : { reason: options.reason };
    const event = await connection.client.post<EventDetail>(`/api/events/${encodeURIComponent(no)}/retry`, body);
    if (io.format === "human") io.lines([`${event.name} ${event.no}  is routed again, alone`]);
    else io.document(event);
    if (!connection.isServer) io.say("no server is running: the event is routed when one is (baton start)");
    return exit.ok;
  });
}

/** `baton events send` */
export function sendEvent(name: string, options: SendOptions): Promise<Exit> {
  return runConnected(options, "act", async ({ io, connection }) => {
    const { data, id, source } = options;
    const body: EventBody = {
      name,
      ...(data === undefined ? {} : { data: await readJson("--data", data) }),
      ...(id === undefined ? {} : { id }),
      ...(source === undefined ? {} : { source }),
    };
    const accepted = await connection.client.post<EventAccepted>("/api/events", body);
    if (io.format === "human") io.lines([`${accepted.id}  matched ${accepted.matched}`]);
    else io.document(accepted);
    if (!connection.isServer)
      io.say("no server is running: the runs that the event starts begin when one does (baton start)");
    return exit.ok;
  });
}
