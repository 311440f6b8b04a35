import type { EventAccepted, EventBody, EventView } from "../../wire/event.ts";
import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { readCount, readJson } from "../input.ts";
import { ago, type Column, jsonText, table } from "../text.ts";
import { rowsMax } from "./runs.ts";

export interface EventsOptions extends Globals {
  readonly name?: string;
  readonly limit: string;
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
    const events = await connection.client.rows<EventView>("/api/events", { name: options.name }, limit);
    if (io.format !== "human") io.list(await connection.client.whole(events));
    else if (events.length === 0) io.say("no events");
    else io.lines(table(columns(Date.now()), events, io));
    return exit.ok;
  });
}

function columns(now: number): readonly Column<EventView>[] {
  return [
    { head: "EVENT", cell: (event) => event.name },
    { head: "ID", cell: (event) => event.id },
    { head: "SOURCE", cell: (event) => event.source },
    { head: "MATCHED", cell: (event) => String(event.matched) },
    { head: "RECEIVED", cell: (event) => ago(event.receivedAt, now) },
    {
      head: "DATA",
      cell: (event) => (event.refused.length > 0 ? `refused: ${event.refused.join("; ")}` : jsonText(event.data)),
    },
  ];
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
