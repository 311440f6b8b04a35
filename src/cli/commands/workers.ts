import type { Workers, WorkerView } from "../../wire/worker.ts";
import { runConnected } from "../command.ts";
import type { Globals } from "../connect.ts";
import { type Exit, exit } from "../exit.ts";
import { ago, type Column, table } from "../text.ts";

/** `baton workers`: lists the workers of the store. */
export function listWorkers(options: Globals): Promise<Exit> {
  return runConnected(options, "read", async ({ io, connection }) => {
    const { items } = await connection.client.get<Workers>("/api/workers");
    if (io.format !== "human") io.list(items);
    else if (items.length === 0) io.say("no workers on this store");
    else io.lines(table(columns(Date.now()), items, io));
    return exit.ok;
  });
}

function columns(now: number): readonly Column<WorkerView>[] {
  return [
    { head: "NAME", cell: (row) => row.name },
    { head: "VERSION", cell: (row) => row.version ?? "-" },
    { head: "RUNS", cell: (row) => `${row.held}${row.slots === null ? "" : ` of ${row.slots}`}` },
    { head: "QUEUES", cell: (row) => row.queues?.join(", ") ?? "all" },
    { head: "SINCE", cell: (row) => ago(row.startedAt, now) },
    {
      head: "SEEN",
      cell: (row) => (row.isAlive ? ago(row.seenAt, now) : `${ago(row.seenAt, now)}, lease expired`),
    },
  ];
}
