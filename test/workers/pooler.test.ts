import assert from "node:assert/strict";
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import pg from "pg";
import { type Baton, type OpenOptions, openBaton, workflow } from "../../src/index.ts";
import { findServerUser, isRunnable } from "../postgres/binaries.ts";
import { runGuarded } from "../postgres/guard.ts";
import { canConnect } from "../postgres/own-server.ts";
import { addressOf, freshSchema, noPostgres } from "../postgres/server.ts";

/** Fewer sessions than two Batons have connections, so that sessions are always shared. */
const serverSessions = 3;

interface Pooler {
  /** The store's address through the pooler. */
  readonly url: string;
  readonly log: () => string;
  /** Queries its admin console. */
  show(what: string): Promise<Record<string, unknown>[]>;
}

/** A pgbouncer in transaction mode. */
async function startPooler(test: TestContext, store: string): Promise<Pooler> {
  const user = findServerUser();
  const folder = mkdtempSync(join(tmpdir(), "baton-pooler-"));
  const logFile = join(folder, "log");
  const port = await findFreePort();
  const server = new URL(store);
  writeFileSync(join(folder, "users"), `"${server.username}" ""\n`);
  writeFileSync(
    join(folder, "pgbouncer.ini"),
    `[databases]
* = host=${server.hostname} port=${server.port || "5432"}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, "users")}
admin_users = ${server.username}
pool_mode = transaction
default_pool_size = ${serverSessions}
`,
  );
  if (user !== null) for (const path of [folder, join(folder, "users")]) chownSync(path, user.uid, user.gid);
  const command = [program ?? "pgbouncer", join(folder, "pgbouncer.ini")];
  const pooler = await runGuarded({ command, folder, logFile, user });
  pooler.unref();
  test.after(async () => {
    if (!pooler.isGone()) process.kill(pooler.pid, "SIGTERM");
    await pooler.whenGone();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = new URL(store);
  url.port = `${port}`;
  const plain = new URL(url);
  plain.search = "";
  while (!(await canConnect(plain.href))) assert.ok(!pooler.isGone(), readFileSync(logFile, "utf8"));
  plain.pathname = "/pgbouncer";
  return {
    url: url.href,
    log: () => readFileSync(logFile, "utf8"),
    show: async (what) => {
      const client = new pg.Client({ connectionString: plain.href });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(`show ${what}`)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

function findFreePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.on("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
  return promise;
}

/** Packages install it in a folder that is only on root's path. */
const program = ["pgbouncer", "/usr/sbin/pgbouncer"].find((each) => isRunnable(each, findServerUser())) ?? null;

/** For the `skip` of these tests: false when there is a pgbouncer, else the reason, which is also printed. */
async function noPooler(): Promise<string | false> {
  const why = await noPostgres();
  if (why !== false) return why;
  if (program !== null) return false;
  const missing = "this machine has no pgbouncer";
  console.log(`SKIPPED pgbouncer: ${missing}`);
  return missing;
}

interface Setup {
  readonly pooler: Pooler;
  readonly direct: string;
  readonly schema: string;
  readonly query: (sql: string, params?: readonly unknown[]) => Promise<unknown[]>;
  open(options: OpenOptions): Promise<Baton>;
}

async function setup(test: TestContext): Promise<Setup> {
  const batons: Baton[] = [];
  // Cleanup runs in this order: connections are closed before the server that they use.
  test.after(async () => {
    for (const baton of batons) await baton.close();
  });
  const ends: (() => unknown)[] = [];
  const { schema, url, query } = await freshSchema({ after: (end) => void ends.push(end as () => unknown) });
  const pooler = await startPooler(test, url);
  test.after(async () => {
    for (const end of ends) await end();
  });
  return {
    pooler,
    schema,
    direct: url,
    query,
    open: async (options) => {
      const baton = await openBaton({ store: pooler.url, ...options });
      batons.push(baton);
      return baton;
    },
  };
}

describe("behind a pooler in transaction mode", { skip: await noPooler() }, () => {
  it("two Batons run all features over fewer sessions than connections", async (test) => {
    const { pooler, schema, open, query } = await setup(test);
    let active = 0;
    let most = 0;
    const child = workflow({ name: "child" }, (ctx, n: number) => ctx.step("double", () => n * 2));
    const parent = workflow({ name: "parent" }, async (ctx, n: number) => {
      const doubled = await ctx.call(child, n);
      await ctx.sleep("rest", n % 2 === 0 ? 20 : 1_100);
      const event = await ctx.waitForEvent("go", { match: { n } });
      return [doubled, (event?.data as { n: number } | undefined)?.n];
    });
    const narrow = workflow({ name: "narrow", concurrency: { limit: 2 } }, (ctx) =>
      ctx.step("work", async () => {
        active += 1;
        most = Math.max(most, active);
        await new Promise((resolve) => setImmediate(resolve));
        active -= 1;
      }),
    );
    const paid = workflow({ name: "paid" }, (ctx, id: number) =>
      ctx.tx("write", (db) => db.query(`insert into ${schema}.orders values ($1) returning id`, [id])),
    );
    const definitions = [child, parent, narrow, paid];
    const batons = [await open({ definitions }), await open({ definitions })];
    await query("create table orders (id int primary key)");
    const on = (n: number) => batons[n % 2] as Baton;
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const parents = await Promise.all(numbers.map((n) => on(n).start(parent, n)));
    const limited = await Promise.all(numbers.map((n) => on(n).start(narrow, null)));
    const orders = await Promise.all(numbers.map((n) => on(n).start(paid, n)));
    for (const n of numbers) await on(n + 1).emit({ name: "go", data: { n } });
    assert.deepEqual(
      await Promise.all(parents.map((each) => each.result())),
      numbers.map((n) => [n * 2, n]),
    );
    await Promise.all([...limited, ...orders].map((each) => each.result()));
    assert.ok(most <= 2, `${most} at once`);
    assert.equal((await query("select id from orders")).length, numbers.length);
    assert.deepEqual(await on(0).engine.store.query("violations", {}), []);
    const pool = (await pooler.show("pools")).find((each) => each["database"] !== "pgbouncer");
    assert.equal(pool?.["pool_mode"], "transaction");
    const sessions = ["sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login"].map((name) => Number(pool?.[name]));
    assert.ok(sessions.reduce((sum, n) => sum + n, 0) <= serverSessions, JSON.stringify(pool));
    assert.doesNotMatch(pooler.log(), /prepared statement|ERROR/);
  });

  it("hints do not arrive, and a run still continues within two beats", async (test) => {
    const { schema, direct, open } = await setup(test);
    let beats = 0;
    let beatsAtStep = 0;
    const order = workflow({ name: "order" }, (ctx, n: number) =>
      ctx.step("do", () => {
        beatsAtStep = beats;
        return n;
      }),
    );
    const worker = await open({ definitions: [order] });
    const client = await open({ definitions: [order], queues: ["none"] });
    const { store } = worker.engine;
    const beat = store.beat.bind(store);
    store.beat = async (params) => {
      const answer = await beat(params);
      beats += 1;
      return answer;
    };
    const listener = new pg.Client({ connectionString: addressOf(direct, schema).replace(/\?.*$/, "") });
    await listener.connect();
    test.after(() => listener.end());
    await listener.query(`listen "${schema}_hints"`);
    const notified = new Promise((resolve) => listener.once("notification", resolve));
    const waited: number[] = [];
    for (let n = 0; n < 3; n++) {
      const before = beats;
      assert.equal(await (await client.start(order, n)).result(), n);
      waited.push(beatsAtStep - before);
    }
    await notified;
    test.diagnostic(`beats before a run continued: ${waited.join(", ")}`);
    // A hint would have arrived before any beat.
    assert.ok(
      waited.every((each) => each >= 1 && each <= 2),
      waited.join(", "),
    );
  });
});
