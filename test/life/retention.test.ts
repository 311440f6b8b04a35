import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import { workflow } from "../../src/index.ts";
import { openTestBaton, type TestBaton } from "../../src/testing/index.ts";

const ends = (name: string, retention?: { completed?: string; failed?: string; cancelled?: string }) =>
  workflow(
    { name, ...(retention === undefined ? {} : { retention: retention as object }) },
    async (ctx, how: string) => {
      if (how === "completed") return ctx.step("keep", () => "x".repeat(10_000));
      if (how === "failed") return ctx.step("break", () => Promise.reject(new Error("no")), { retry: { attempts: 1 } });
      return ctx.waitForEvent("never");
    },
  );

const plain = ends("plain");
const brief = ends("brief", { completed: "1d" });
const exact = ends("exact", { completed: "3d", failed: "2d", cancelled: "1d" });

async function setup(test: TestContext, retention: object): Promise<TestBaton> {
  const baton = await openTestBaton({ definitions: [plain, brief, exact], retention });
  test.after(() => baton.close());
  for (const definition of [plain, brief, exact]) {
    for (const how of ["completed", "failed", "cancelled"]) {
      const handle = await baton.start(definition, how, { key: `${definition.name} ${how}` });
      await baton.settle();
      if (how === "cancelled") await handle.cancel();
    }
  }
  return baton;
}

/** The remaining runs after another day and its sweep. */
async function remaining(baton: TestBaton): Promise<readonly string[]> {
  await baton.advance("1d");
  assert.deepEqual(await baton.baton.engine.store.query("violations", {}), []);
  return (await baton.baton.runs({ limit: 100 })).map((run) => run.key ?? "").toSorted();
}

it("keeps runs by the retention of their workflow and status, else of the instance", async (t) => {
  const baton = await setup(t, { completed: "5d", failed: "7d", cancelled: "4d" });
  const days: (readonly string[])[] = [];
  for (let day = 1; day <= 9; day++) days.push(await remaining(baton));
  const gone = days.map((keys, i) => (days[i - 1] ?? keys).filter((key) => !keys.includes(key)));
  const dayOf = (key: string): number => gone.findIndex((keys) => keys.includes(key)) + 1;
  const age = (key: string): number => dayOf(key) - 1;
  assert.deepEqual(
    ["brief completed", "brief cancelled", "exact cancelled", "exact failed", "exact completed"].map(age),
    [1, 1, 1, 2, 3],
  );
  assert.deepEqual(["plain cancelled", "plain completed", "plain failed", "brief failed"].map(age), [4, 5, 7, 7]);
  assert.deepEqual(days.at(-1), []);
});

it("keeps cancelled runs as long as completed ones by default", async (t) => {
  const baton = await setup(t, { completed: "2d", failed: "9d" });
  for (let day = 1; day <= 3; day++) await remaining(baton);
  assert.deepEqual(await remaining(baton), ["brief failed", "plain failed"]);
});
