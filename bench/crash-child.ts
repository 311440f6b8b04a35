import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { openBaton, workflow } from "baton";

/**
 * The process of the crash workload: starts the runs or finds them, and reports when all have ended and what ran twice.
 */
const [store = "", log = "", count = "0"] = process.argv.slice(2);
const runs = Number(count);
const isSecond = existsSync(log);

const slow = workflow({ name: "slow" }, async (ctx) => {
  for (let i = 0; i < 5; i++) {
    await ctx.step("step", async (attempt) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      appendFileSync(log, `${attempt.idempotencyKey}\n`);
    });
  }
});
const baton = await openBaton({ store, definitions: [slow] });
const begun = performance.now();
if (!isSecond) {
  await baton.startMany(
    slow,
    Array.from({ length: runs }, () => ({ input: null })),
  );
  process.stdout.write("started\n");
} else {
  const before = await done();
  const remaining = runs - before;
  while ((await done()) < runs) await new Promise((resolve) => setTimeout(resolve, 5));
  const secondsAfterOpen = (performance.now() - begun) / 1000;
  const keys = readFileSync(log, "utf8").trim().split("\n");
  const lost = runs - (await done());
  const report = { twice: keys.length - new Set(keys).size, lost, remaining, secondsAfterOpen };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  await baton.close();
}

async function done(): Promise<number> {
  return (await baton.engine.store.query("counts", {})).find((row) => row.status === "completed")?.count ?? 0;
}
