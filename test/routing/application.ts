/**
 * An application that embeds Baton and brings its own definitions. The schema of its workflow ends or blocks the process
 * for one event. It sends the events that are not stored yet, then waits until none waits to be routed.
 */
import { setTimeout as pause } from "node:timers/promises";
import { openBaton, workflow } from "baton";
import { schemaOf } from "./schema.ts";

const [store = "", how = "exit", count = "0", role = "sends"] = process.argv.slice(2);

const order = workflow({ name: "order", on: { kind: "event", event: "order" }, input: schemaOf(how) }, async () => {});

const baton = await openBaton({ store, definitions: [order] });
const total = Number(count);
const emit = (n: number): Promise<unknown> =>
  baton.emit({ name: "order", id: String(n), data: { n, isPoison: n === Math.floor(total / 2) } });
if (role === "sends") await Promise.all(Array.from({ length: total }, (_, n) => emit(n)));
process.stdout.write("sent\n");
for (;;) {
  const waiting = await baton.engine.store.query("unrouted", { limit: 1 });
  const counts = await baton.engine.store.query("counts", {});
  if (waiting.length === 0 && counts.every((row) => row.status === "completed")) break;
  await pause(50);
}
await baton.close();
