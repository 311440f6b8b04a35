import assert from "node:assert/strict";
import { it, type TestContext } from "node:test";
import { type Baton, openBaton, workflow } from "../../src/index.ts";
import { defaults } from "../../src/kernel/model/limits.ts";
import { readAddress } from "../../src/stores/postgres/address.ts";
import { Connections } from "../../src/stores/postgres/connections.ts";
import { migrate, readMigrations, toMigration } from "../../src/stores/postgres/migrate.ts";
import { type FreshSchema, freshSchema, noPostgres } from "../postgres/server.ts";

const order = workflow({ name: "order" }, async (ctx, n: number) => {
  const paid = await ctx.step("pay", async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return n;
  });
  await ctx.sleep("settle", 20);
  return ctx.step("ship", () => paid + 1);
});

const next = (readMigrations().at(-1)?.version ?? 0) + 1;
const name = `${String(next).padStart(4, "0")}_made_up`;
const expand = "alter table live add column tag bigint not null default 0; alter table steps add column note text;";

/** Migrates to the schema of the next release. */
async function migrateTo(schema: FreshSchema, sql: string): Promise<void> {
  const connections = new Connections(readAddress(schema.url), { max: 1 });
  try {
    await connections.use((client) => migrate(client, schema.schema, [...readMigrations(), toMigration(name, sql)]));
  } finally {
    await connections.close();
  }
}

/** Starts runs continuously; reports the longest time without an ended run. */
function startLoad(test: TestContext, baton: () => Baton): { end(): Promise<{ count: number; gapMs: number }> } {
  const results: Promise<unknown>[] = [];
  let isOver = false;
  let lastEnd = performance.now();
  let gapMs = 0;
  const starting = (async () => {
    for (let n = 0; !isOver && !test.signal.aborted; n++) {
      const handle = await baton().start(order, n, { idempotencyKey: `n${n}` });
      results.push(
        handle.result().then((value) => {
          gapMs = Math.max(gapMs, performance.now() - lastEnd);
          lastEnd = performance.now();
          return assert.equal(value, n + 1);
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await starting;
      await Promise.all(results);
      return { count: results.length, gapMs };
    },
  };
}

const skip = await noPostgres();

it("a rolling deploy with an expanding migration fails no run and pauses for less than a lease", {
  skip,
}, async (test) => {
  const schema = await freshSchema(test);
  const open = () => openBaton({ store: schema.url, definitions: [order] });
  const client = await open();
  const [first, second] = [await open(), await open()];
  const traffic = startLoad(test, () => client);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(500);
  await migrateTo(schema, expand);
  // New processes start before old ones stop.
  const third = await open();
  await pause(300);
  await first.close();
  const fourth = await open();
  await second.close();
  await pause(500);
  const { count, gapMs } = await traffic.end();
  const counts = await client.engine.store.query("counts", {});
  test.diagnostic(`${count} runs, ${Math.round(gapMs)} ms at most between ended runs`);
  assert.deepEqual(
    counts.filter((row) => row.count !== 0).map((row) => [row.status, row.count]),
    [["completed", count]],
  );
  assert.ok(gapMs < defaults.leaseMs, `${gapMs} ms`);
  for (const baton of [client, third, fourth]) await baton.close();
});

it("after a contracting migration an older Baton is refused and changes nothing", { skip }, async (test) => {
  const schema = await freshSchema(test);
  await (await openBaton({ store: schema.url, definitions: [order] })).close();
  await migrateTo(schema, `-- compatible from ${next}\n${expand}`);
  await assert.rejects(openBaton({ store: schema.url, definitions: [order] }), {
    code: "corrupt",
    message: `the store has schema ${next}, but this Baton version supports schemas up to ${next - 1}`,
  });
});

it("concurrent openers create a new store once", { skip }, async (test) => {
  const schema = await freshSchema(test);
  const batons = await Promise.all([1, 2, 3].map(() => openBaton({ store: schema.url, definitions: [order] })));
  const rows = await schema.query<{ version: number }>("select version from migrations order by version");
  assert.equal(rows.length, readMigrations().length);
  for (const baton of batons) await baton.close();
});
