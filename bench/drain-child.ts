import { openBaton, workflow } from "baton";

/** A worker process of the workers workload. It exits when its stdin ends. */
const [store = ""] = process.argv.slice(2);
const value200 = "x".repeat(198);
const five = workflow({ name: "five" }, async (ctx) => {
  for (let i = 0; i < 5; i++) await ctx.step("step", () => value200);
});
const baton = await openBaton({ store, definitions: [five] });
process.stdout.write("ready\n");
process.stdin.resume();
process.stdin.on("end", () => void baton.close());
