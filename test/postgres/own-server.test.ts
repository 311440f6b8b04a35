import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Client } from "pg";
import { findBinaries, type Origin } from "./binaries.ts";
import { type OwnServerOptions, startOwnServer } from "./own-server.ts";
import { freshSchema, noPostgres } from "./server.ts";

async function setup(test: TestContext, options: OwnServerOptions = {}) {
  const server = await startOwnServer(options);
  test.after(() => server.end());
  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const client = new Client({ connectionString: server.url });
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  return { server, query };
}

const origins: readonly Origin[] = ["machine", "npm"];

describe("a test's own Postgres", async () => {
  for (const origin of origins) {
    const skip = (await findBinaries(origin)) === null ? `no Postgres programs from ${origin}` : false;
    it(`from ${origin} keeps acknowledged data when it is killed or stopped immediately`, {
      skip,
    }, async (test) => {
      const { server, query } = await setup(test, { origin });
      await query("create table kept (n integer)");
      await query("insert into kept values (1)");
      await server.kill();
      await assert.rejects(query("select 1"));
      await server.start();
      await query("insert into kept values (2)");
      await server.stopImmediately();
      await server.start();
      assert.deepEqual(await query("select n from kept order by n"), [{ n: 1 }, { n: 2 }]);
      assert.deepEqual(await query("show fsync"), [{ fsync: "on" }]);
      assert.deepEqual(await query("show synchronous_commit"), [{ synchronous_commit: "on" }]);
    });
  }
});

const skip = await noPostgres();

describe("the shared Postgres", () => {
  it("gives each test its own schema", { skip }, async (test) => {
    const [one, other] = [await freshSchema(test), await freshSchema(test)];
    assert.notEqual(one.schema, other.schema);
    await one.query(`create schema ${one.schema}`);
    await one.query("create table lonely (n integer)");
    assert.deepEqual(await one.query("select count(*)::int as n from lonely"), [{ n: 0 }]);
    await assert.rejects(other.query("select * from lonely"), /does not exist/);
    assert.equal(new URL(one.url).searchParams.get("schema"), one.schema);
  });
});
