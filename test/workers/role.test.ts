import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { type Baton, openBaton, workflow } from "../../src/index.ts";
import { readAddress } from "../../src/stores/postgres/address.ts";
import { Connections } from "../../src/stores/postgres/connections.ts";
import { migrate, readMigrations, toMigration } from "../../src/stores/postgres/migrate.ts";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import { setup as setupCli } from "../cli/baton.ts";
import { type FreshSchema, freshSchema, noPostgres } from "../postgres/server.ts";

const page = readFileSync(new URL("../../docs/do/postgres.md", import.meta.url), "utf8");

/** The SQL block of the page that begins with these words. */
function statementsOf(begins: string): string {
  const block = [...page.matchAll(/^```sql\n([\s\S]*?)^```$/gm)].find(([, sql]) => sql?.startsWith(begins));
  assert.ok(block?.[1], `docs/do/postgres.md has no SQL block that begins with ${begins}`);
  return block[1];
}

interface Roles {
  /** The store's schema as the server's superuser sees it. */
  readonly schema: FreshSchema;
  /** The store's address for the role that can change the schema, and for the one that can only work in it. */
  readonly admin: string;
  readonly worker: string;
  /** A schema of the application, with a table that the worker's role may use. */
  readonly app: string;
  /** Grants access to the worker's role, by the statements of the page. */
  grant(): Promise<void>;
  open(): Promise<Baton>;
}

async function setup(test: TestContext): Promise<Roles> {
  const batons: Baton[] = [];
  // Cleanup runs in this order: connections are closed before their objects are dropped.
  test.after(async () => {
    for (const baton of batons) await baton.close();
  });
  const schema = await freshSchema(test);
  const { query } = schema;
  const names = { admin: `${schema.schema}_admin`, worker: `${schema.schema}_worker`, app: `${schema.schema}_app` };
  const database = new URL(schema.url).pathname.slice(1);
  /** The page uses a database `shop` with the schemas `baton` and `sales`. */
  const adapted = (sql: string): string =>
    sql
      .replaceAll("baton_admin", names.admin)
      .replaceAll("baton_worker", names.worker)
      .replaceAll(/\bdatabase shop\b/g, `database "${database}"`)
      .replaceAll(/\bschema baton\b/g, `schema ${schema.schema}`)
      .replaceAll("baton.migrations", `${schema.schema}.migrations`)
      .replaceAll(/\bsales\b/g, names.app);
  const urlFor = (role: string): string => {
    const url = new URL(schema.url);
    url.username = role;
    return url.href;
  };
  test.after(async () => {
    await query(`drop schema ${names.app} cascade`);
    for (const role of [names.admin, names.worker]) await query(`drop owned by ${role}; drop role ${role}`);
  });
  await query(
    `create schema ${names.app}; create table ${names.app}.orders (id bigint primary key, run text not null);
     create table ${names.app}.customers (id bigint primary key)`,
  );
  await query(adapted(statementsOf("create role")));
  // As in a stricter database, where functions are not executable by public.
  await query(`alter default privileges for role ${names.admin} revoke execute on functions from public`);
  return {
    schema,
    app: names.app,
    admin: urlFor(names.admin),
    worker: urlFor(names.worker),
    grant: async () => {
      await query(`set role ${names.admin}; ${adapted(statementsOf("grant usage on schema baton"))}`);
      await query(adapted(statementsOf("grant usage on schema sales")));
    },
    open: async () => {
      const baton = await openBaton({ store: urlFor(names.worker), definitions: definitionsOn(names.app) });
      batons.push(baton);
      return baton;
    },
  };
}

function definitionsOn(app: string) {
  const child = workflow({ name: "child" }, (ctx, n: number) => ctx.step("double", () => n * 2));
  const parent = workflow({ name: "parent" }, async (ctx, n: number) => {
    const doubled = await ctx.call(child, n);
    await ctx.sleep("rest", 1_100);
    const event = await ctx.waitForEvent("go", { match: { n } });
    ctx.setAttributes({ n: String(n) });
    ctx.log.info("continued");
    await ctx.emit({ name: "gone", data: { n } });
    const large = await ctx.step("large", () => "x".repeat(50_000));
    return [doubled, (event?.data as { n: number } | undefined)?.n ?? null, large.length];
  });
  const narrow = workflow(
    {
      name: "narrow",
      concurrency: { limit: 1 },
      rateLimit: { limit: 100, per: "1m" },
      throttle: { limit: 100, per: "1s" },
      singleton: { key: (n: number) => `${n}`, when: "queue" },
    },
    (ctx, n: number) => ctx.step("work", () => n),
  );
  const paid = workflow({ name: "paid" }, (ctx, id: number) =>
    ctx.tx("write", async (db) => {
      await db.query(`insert into ${app}.orders (id, run) values ($1, $2)`, [id, ctx.run.id]);
      return (await db.query(`select count(*)::int as n from ${app}.orders`))[0]?.["n"];
    }),
  );
  const undone = workflow({ name: "undone", onFailure: "compensate" }, async (ctx) => {
    await ctx.step("take", () => 1, { undo: () => {} });
    await ctx.step("break", () => Promise.reject(new Error("no such account")), { retry: false });
  });
  const doomed = workflow({ name: "doomed" }, (ctx) =>
    ctx.step("break", () => Promise.reject(new Error("no such account")), { retry: { attempts: 2, first: 1 } }),
  );
  return [child, parent, narrow, paid, undone, doomed];
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setImmediate(resolve));
}

describe("a role without schema rights", { skip: await noPostgres() }, () => {
  it("runs all features, maintains the store, and writes application rows in the transaction of a step", async (test) => {
    const { admin, grant, open, app, schema } = await setup(test);
    await (await openBaton({ store: admin })).close();
    await grant();
    const [baton, second] = [await open(), await open()];

    const parents = await Promise.all([1, 2, 3].map((n) => (n === 2 ? second : baton).start("parent", n)));
    for (const parent of parents) await until(async () => (await parent.status()) === "waiting");
    for (const n of [1, 2, 3]) await second.emit({ name: "go", data: { n } });
    assert.deepEqual(await Promise.all(parents.map((each) => each.result())), [
      [2, 1, 50_000],
      [4, 2, 50_000],
      [6, 3, 50_000],
    ]);
    const limited = await Promise.all([1, 2, 3, 4].map((n) => baton.start("narrow", n)));
    assert.deepEqual(await Promise.all(limited.map((each) => each.result())), [1, 2, 3, 4]);
    const orders = [await baton.start("paid", 7), await baton.start("paid", 8)];
    for (const order of orders) assert.ok(Number(await order.result()) >= 1);
    assert.equal(
      (await schema.query(`select * from ${app}.orders where run = any ($1)`, [orders.map(({ id }) => id)])).length,
      2,
    );

    const failed = await baton.start("doomed", null);
    await assert.rejects(failed.result(), /no such account/);
    await assert.rejects((await baton.start("undone", null)).result(), /no such account/);
    await failed.completeStep({ output: 1 });
    await failed.result();

    const copy = await baton.export(failed.id);
    assert.equal((await baton.erase({ run: failed.id })).runs, 1);
    assert.ok((await baton.import(copy)).isNew);
    assert.deepEqual(
      (await baton.doctor({ full: true, repair: true })).findings.filter(({ level }) => level === "bad"),
      [],
    );
    const swept = await baton.engine.store.sweep({ completedMs: -1, failedMs: -1, eventMs: -1, limit: 100 });
    assert.ok(swept.runs > 10 && swept.events > 0, JSON.stringify(swept));
  });

  it("bundles definitions and runs every read command", async (test) => {
    const { admin, grant, worker } = await setup(test);
    const { baton, json } = setupCli(test);
    const asWorker = { env: { BATON_STORE: worker } };
    assert.equal((await baton(["db", "migrate"], { env: { BATON_STORE: admin } })).code, 0);
    await grant();
    const run = await json<RunDetail>(["run", "hello", "--input", '{"name":"Ada"}', "--wait"], asWorker);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(run.value.output, "Hello Ada");
    assert.equal((await json<RunSummary[]>(["runs"], asWorker)).value.length, 1);
    for (const command of [["workers"], ["db", "stats"], ["versions"], ["schedules"], ["doctor"], ["db", "migrate"]]) {
      const { code, stderr } = await baton(command, asWorker);
      assert.equal(code, 0, `${command.join(" ")}: ${stderr}`);
    }
  });

  it("can use objects of a later migration, and cannot change the schema or its number", async (test) => {
    const { admin, grant, open, schema, worker } = await setup(test);
    const next = (readMigrations().at(-1)?.version ?? 0) + 1;
    await (await openBaton({ store: admin })).close();
    await grant();
    const connections = new Connections(readAddress(admin), { max: 1 });
    await connections.use((client) =>
      migrate(client, schema.schema, [
        ...readMigrations(),
        toMigration(
          `${String(next).padStart(4, "0")}_made_up`,
          "create table added (no bigint default nextval('wait_numbers')); create sequence added_numbers; create function added_now() returns bigint language sql as 'select baton_now()'",
        ),
      ]),
    );
    await connections.close();
    const asWorker = new Connections(readAddress(worker), { max: 1 });
    const query = (sql: string) =>
      asWorker
        .use((client) => client.query(`set search_path to ${schema.schema}; ${sql}`))
        .then(
          () => "done",
          (error: { code: string }) => error.code,
        );
    assert.equal(
      await query("insert into added default values; delete from added; select nextval('added_numbers'), added_now()"),
      "done",
    );
    for (const sql of [
      "create table mine (n int)",
      "alter table runs add column mine int",
      "drop function baton_now()",
      "truncate steps",
      "update migrations set compatible_from = 0",
      "create schema mine",
    ])
      assert.equal(await query(sql), "42501", sql);
    await asWorker.close();
    const baton = await open();
    assert.equal(await (await baton.start("child", 4)).result(), 8);
  });

  it("is refused with a hint when the store must first be created or migrated", async (test) => {
    const { admin, grant, worker, open, schema } = await setup(test);
    const { baton } = setupCli(test);
    const refusal = {
      code: "unavailable",
      message: /permission denied|must be owner/,
      hint: /docs\/do\/postgres\.md|baton db migrate/,
    };
    await assert.rejects(openBaton({ store: worker }), refusal);
    assert.deepEqual(await schema.query("select 1 from pg_namespace where nspname = $1", [schema.schema]), []);
    await (await openBaton({ store: admin })).close();
    // The role has no access yet.
    await assert.rejects(openBaton({ store: worker }), refusal);
    await grant();
    await schema.query("delete from migrations where version = (select max(version) from migrations)");
    await assert.rejects(open(), refusal);
    const refused = await baton(["db", "migrate"], { env: { BATON_STORE: worker } });
    assert.equal(refused.code, 5);
    assert.match(
      refused.stderr,
      /^error: .*(permission denied|must be owner).*\nhint: .*(docs\/do\/postgres\.md|baton db migrate)/,
    );
    // Reading needs no missing right, and reports what is missing.
    const listed = await baton(["runs"], { env: { BATON_STORE: worker } });
    assert.match(listed.stderr, /needs \d+\nhint: run baton db migrate with a role that can create tables/);
  });
});
