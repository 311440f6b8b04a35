import { openBaton, workflow } from "baton";

/** Starts runs until it is killed and prints the id of each acknowledged run. */
const [path = ""] = process.argv.slice(2);
const quick = workflow({ name: "quick" }, async (ctx, n: number) => ctx.step("one", () => n));
const baton = await openBaton({ store: `sqlite:${path}`, definitions: [quick] });
for (let n = 0; ; n++) {
  const handles = await Promise.all(Array.from({ length: 5 }, (_, i) => baton.start(quick, n * 5 + i)));
  process.stdout.write(`${handles.map((handle) => handle.id).join("\n")}\n`);
}
