import { openBaton, workflow } from "baton";

/** Opens a store and prints how much memory this process takes with all its runs asleep, in MB. */
const [store = ""] = process.argv.slice(2);
const sleeper = workflow({ name: "sleeper" }, async (ctx) => ctx.sleep("long", "30d"));
const baton = await openBaton({ store, definitions: [sleeper] });
await baton.runs({ status: "waiting" });
console.log(Math.round(process.memoryUsage().rss / 1024 / 1024));
await baton.close();
