/** Executes runs with limits and logs the begin and end of each step. The test that starts it kills it. */
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { openBaton, workflow } from "baton";

const [store = "", log = "", generation = "0", count = "0"] = process.argv.slice(2);

const record = (what: "begin" | "end", tenant: string): void =>
  appendFileSync(log, `${generation} ${what} ${tenant}\n`);

export const job = workflow<{ tenant: string }>(
  { name: "job", concurrency: [{ key: ({ tenant }) => tenant, limit: 2 }, { limit: 5 }] },
  async (ctx, { tenant }) => {
    const work = async (): Promise<void> => {
      record("begin", tenant);
      await pause(5 + Math.random() * 15);
      record("end", tenant);
    };
    await ctx.step("first", work);
    await ctx.sleep("nap", 1_200);
    await ctx.step("second", work);
  },
);

const baton = await openBaton({ store: `sqlite:${store}`, definitions: [job] });
await baton.startMany(
  job,
  Array.from({ length: Number(count) }, (_, i) => ({ input: { tenant: `t${i % 4}` }, idempotencyKey: `job-${i}` })),
);
process.stdout.write("started\n");
for (;;) {
  await pause(50);
  const counts = await baton.engine.store.query("counts", {});
  if (counts.every((row) => row.status === "completed")) break;
}
const violations = await baton.engine.store.query("violations", {});
await baton.close();
process.stdout.write(`${JSON.stringify(violations)}\n`);
