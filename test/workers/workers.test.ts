import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type Baton, type OpenOptions, openBaton, workflow } from "../../src/index.ts";
import { type FreshSchema, freshSchema, noPostgres } from "../postgres/server.ts";

/** The workers that ran each workflow, as recorded by the steps. */
const workersOf = new Map<string, string[]>();

function definitions(worker: string) {
  const record = (name: string): string => {
    workersOf.set(name, [...(workersOf.get(name) ?? []), worker]);
    return worker;
  };
  return [
    workflow({ name: "order" }, async (ctx) => ctx.step("do", () => record("order"))),
    workflow({ name: "report", queue: "reports" }, async (ctx) => ctx.step("do", () => record("report"))),
    workflow({ name: "long" }, async (ctx) => {
      await ctx.step("wait", async (attempt) => {
        record("long");
        if (worker === "first")
          await new Promise((_, reject) =>
            attempt.signal.addEventListener("abort", () => reject(attempt.signal.reason)),
          );
      });
      return worker;
    }),
    workflow({ name: "patient" }, async (ctx) => (await ctx.waitForEvent("go", { match: { n: 1 } }))?.data),
  ];
}

async function setup(
  test: TestContext,
): Promise<{ schema: FreshSchema; open(worker: string, more?: OpenOptions): Promise<Baton> }> {
  workersOf.clear();
  const opened: Baton[] = [];
  // Registered before the schema is dropped: cleanup runs in this order.
  test.after(async () => {
    for (const baton of opened) await baton.close({ graceMs: 0 });
  });
  const schema = await freshSchema(test);
  return {
    schema,
    open: async (worker, more = {}) => {
      const baton = await openBaton({ store: schema.url, definitions: definitions(worker), ...more });
      opened.push(baton);
      return baton;
    },
  };
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setImmediate(resolve));
}

describe("many workers on one store", { skip: await noPostgres() }, () => {
  it("a worker runs only the runs of its queues", async (test) => {
    const { open } = await setup(test);
    const client = await open("client", { queues: ["none"] });
    await open("orders", { queues: ["default"] });
    await open("reports", { queues: ["reports"] });
    const handles = await Promise.all(
      Array.from({ length: 6 }, (_, i) => client.start(i % 2 === 0 ? "order" : "report", null)),
    );
    const results = await Promise.all(handles.map((handle) => handle.result()));
    assert.deepEqual(results, ["orders", "reports", "orders", "reports", "orders", "reports"]);
  });

  it("a result reaches a process that runs nothing", async (test) => {
    const { open } = await setup(test);
    const client = await open("client", { queues: ["none"] });
    await open("worker");
    const handle = await client.start("patient", null);
    await until(async () => (await handle.status()) === "waiting");
    await client.emit({ name: "go", data: { n: 1 } });
    assert.deepEqual(await handle.result(), { n: 1 });
  });

  it("a closed worker hands back its runs, and another continues them before any lease expires", async (test) => {
    const { open, schema } = await setup(test);
    const first = await open("first");
    const handle = await first.start("long", null);
    await until(() => workersOf.get("long")?.length === 1);
    const second = await open("second");
    // Its lease would hold the run for an hour.
    await schema.query(
      "update workers set expires_at = expires_at + 3600000 where name = (select name from workers limit 1)",
    );
    await first.close({ graceMs: 10 });
    assert.equal(await (await second.get(handle.id)).result(), "second");
    assert.deepEqual(workersOf.get("long"), ["first", "second"]);
  });

  it("lists each worker with its version, slots and queues until it closes", async (test) => {
    const { open } = await setup(test);
    const one = await open("one", { slots: 7, queues: ["reports", "default"] });
    const two = await open("two");
    const list = async () => (await two.engine.store.query("stats", {})).workers;
    assert.deepEqual(
      (await list()).map(({ version, slots, queues, held }) => ({ version: version !== "", slots, queues, held })),
      [
        { version: true, slots: 7, queues: ["reports", "default"], held: 0 },
        { version: true, slots: 1_000, queues: null, held: 0 },
      ],
    );
    await one.close();
    assert.equal((await list()).length, 1);
  });

  it("a run queued for a concurrency limit continues in any process with capacity", async (test) => {
    const schema = await freshSchema(test);
    let active = 0;
    let most = 0;
    const narrow = workflow({ name: "narrow", concurrency: { limit: 2 } }, async (ctx) => {
      await ctx.step("work", async () => {
        active += 1;
        most = Math.max(most, active);
        await new Promise((resolve) => setTimeout(resolve, 10));
        active -= 1;
      });
    });
    const batons = await Promise.all([1, 2, 3].map(() => openBaton({ store: schema.url, definitions: [narrow] })));
    const handles = await Promise.all(
      Array.from({ length: 30 }, (_, i) => (batons[i % 3] as Baton).start(narrow, null)),
    );
    await Promise.all(handles.map((handle) => handle.result()));
    assert.equal(most, 2);
    assert.deepEqual(
      await schema.query("select * from slots union all select key, rank, run, 0, 0, 0 from slot_waiters"),
      [],
    );
    for (const baton of batons) await baton.close();
  });

  it("text that the server cannot store does not prevent a run from ending", async (test) => {
    const { open } = await setup(test);
    const baton = await open("one");
    await assert.rejects(baton.start("order", null, { key: "a\0b" }), { code: "invalid-name" });
    await assert.rejects(baton.emit({ name: "paid\0" }), { code: "invalid-event" });
    const odd = workflow({ name: "odd" }, async (ctx) => {
      ctx.log.info("a\0b");
      await ctx.step("fail", () => Promise.reject(new Error("c\0d")), { retry: { attempts: 2, first: 1 } });
    });
    baton.register(odd);
    const handle = await baton.start(odd, null, { attributes: { place: "e\0f" } });
    await assert.rejects(handle.result(), /c/);
    assert.equal((await baton.runs({ status: "failed" })).length, 1);
  });
});
