import { openBaton, workflow } from "baton";

/** Opens a store in which all runs are asleep, and prints the memory of this process in MB. */
const [store = ""] = process.argv.slice(2);
const sleeper = workflow({ name: "sleeper" }, async (ctx) => ctx.sleep("long", "30d"));
const baton = await openBaton({ store, definitions: [sleeper] });
await baton.runs({ status: "waiting" });
console.log(Math.round(process.memoryUsage().rss / 1024 / 1024));
await baton.close();
