import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import type { WorkerView } from "../../src/wire/worker.ts";
import { type CliProject, type CommandOptions, eventually, type Running, setup as setupCli } from "../cli/baton.ts";
import { type FreshSchema, freshSchema, noPostgres } from "../postgres/server.ts";

/** The steps record which process ran them; the long one runs until the file `may-end` exists. */
const workflows = `
import { appendFileSync, existsSync } from "node:fs";
import { workflow } from "baton";

const note = (name: string): string => {
  const who = process.env["WHO"] ?? "nobody";
  appendFileSync("seen", \`\${name} \${who}\\n\`);
  return who;
};

export const order = workflow({ name: "order" }, (ctx) => ctx.step("do", () => note("order")));

export const report = workflow({ name: "report", queue: "reports" }, (ctx) => ctx.step("do", () => note("report")));

export const long = workflow({ name: "long" }, (ctx) =>
  ctx.step("work", async ({ signal }) => {
    const who = note("long");
    if (!existsSync("may-end"))
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    return who;
  }),
);
`;

interface Cluster extends CliProject {
  readonly schema: FreshSchema;
  /** Runs `baton worker`; resolves when it works. */
  worker(who: string, args?: readonly string[]): Promise<Running>;
  /** Runs `baton server`; resolves when it serves. */
  server(): Promise<Running & { url: string }>;
  seen(): readonly string[];
}

async function setup(test: TestContext): Promise<Cluster> {
  // Cleanup runs in this order: processes end before the schema is dropped.
  const project = setupCli(test);
  const schema = await freshSchema(test);
  project.write("workflows/many.ts", workflows);
  const on: CommandOptions = { env: { BATON_STORE: schema.url, BATON_SHUTDOWN_GRACE: "50ms" } };
  const launch = (args: readonly string[], how: CommandOptions = {}): Running =>
    project.launch(args, { ...how, env: { ...on.env, ...how.env } });
  const greeting = async <T>(process: Running): Promise<T> =>
    eventually("it prints its greeting", () => {
      assert.equal(process.child.exitCode, null, `it has ended: ${process.lines.err}`);
      return process.lines.out.endsWith("}\n") ? (JSON.parse(process.lines.out) as T) : null;
    });
  return {
    ...project,
    schema,
    launch,
    baton: (args, how) => launch(args, how).ended,
    json: (args, how = {}) => project.json(args, { ...how, env: { ...on.env, ...how.env } }),
    worker: async (who, args = []) => {
      const worker = launch(["worker", "--json", ...args], { env: { WHO: who } });
      await greeting(worker);
      return worker;
    },
    server: async () => {
      const server = launch(["server", "--json"], { env: { WHO: "server" } });
      const { url } = await greeting<{ url: string }>(server);
      return { ...server, url };
    },
    seen: () => {
      try {
        return readFileSync(join(project.folder, "seen"), "utf8").trim().split("\n");
      } catch {
        return [];
      }
    },
  };
}

const skip = await noPostgres();

describe("workers and servers as processes", { skip }, () => {
  it("a run started through a server is executed by a worker of its queue, and both are listed", async (test) => {
    const { json, baton, worker, server, seen } = await setup(test);
    await worker("orders", ["--slots", "7", "--queues", "default"]);
    await worker("reports", ["--queues", "reports,nightly"]);
    const { url } = await server();
    for (const name of ["order", "report"]) {
      const run = await json<RunDetail>(["run", name, "--wait", "--url", url]);
      assert.equal(run.code, 0, run.stderr);
      assert.equal(run.value.output, `${name}s`);
    }
    assert.deepEqual(seen(), ["order orders", "report reports"]);
    const { value } = await json<WorkerView[]>(["workers"]);
    assert.deepEqual(
      value.map(({ slots, queues, held, isAlive }) => ({ slots, queues, held, isAlive })),
      [
        { slots: 7, queues: ["default"], held: 0, isAlive: true },
        { slots: 1_000, queues: ["reports", "nightly"], held: 0, isAlive: true },
      ],
    );
    assert.ok(value.every((each) => each.version !== null));
    // A server queries the store like a command next to it.
    const listed = await baton(["workers", "--url", url]);
    assert.match(listed.stdout, /^NAME +VERSION +RUNS +QUEUES +SINCE +SEEN\n/);
    assert.match(listed.stdout, /0 of 7 +default/);
    assert.match(listed.stdout, /0 of 1000 +reports, nightly/);
  });

  it("a stopping worker hands back its long step, and another ends the run before the lease expires", async (test) => {
    const { baton, json, schema, worker, folder, seen } = await setup(test);
    assert.equal((await baton(["db", "migrate"])).code, 0);
    await makeLeasesLong(schema);
    // Both bundle the same folder into the same store at the same time.
    const [one, two] = await Promise.all([worker("one"), worker("two")]);
    const workers = new Map([
      ["one", one],
      ["two", two],
    ]);
    const { value: started } = await json<RunSummary>(["run", "long"]);
    const [first = ""] = await eventually("a worker has started", () => (seen().length > 0 ? seen() : null));
    const holder = workers.get(first.split(" ")[1] ?? "") as Running;
    writeFileSync(join(folder, "may-end"), "");
    holder.child.kill("SIGTERM");
    const ended = await holder.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /stopping; unfinished runs are released to other workers/);
    const run = await eventually("the run has ended", async () => {
      const { value } = await json<RunDetail>(["show", started.id]);
      return value.status === "completed" ? value : null;
    });
    assert.notEqual(`long ${run.output}`, first);
    assert.deepEqual(seen(), [first, `long ${run.output}`]);
    const left = await json<WorkerView[]>(["workers"]);
    assert.equal(left.value.length, 1);
    const last = workers.get(String(run.output)) as Running;
    last.child.kill("SIGTERM");
    assert.equal((await last.ended).code, 0);
  });

  it("a server without workers stores runs and executes none", async (test) => {
    const { json, server, worker, seen } = await setup(test);
    const { url } = await server();
    const { value: started } = await json<RunSummary>(["run", "order", "--url", url]);
    const before = await json<RunDetail>(["show", started.id, "--url", url]);
    assert.equal(before.value.status, "pending");
    assert.deepEqual((await json<WorkerView[]>(["workers", "--url", url])).value, []);
    await worker("late");
    await eventually("the run has ended", async () => {
      const { value } = await json<RunDetail>(["show", started.id, "--url", url]);
      return value.status === "completed" ? value : null;
    });
    assert.deepEqual(seen(), ["order late"]);
  });

  it("db migrate creates the schema, and a dry run changes nothing", async (test) => {
    const { baton, json, schema } = await setup(test);
    const dry = await json<{ from: number; to: number; migrations: string[] }>(["db", "migrate", "--dry-run"]);
    assert.equal(dry.code, 0, dry.stderr);
    assert.equal(dry.value.from, 0);
    assert.equal(dry.value.migrations.length, dry.value.to);
    assert.deepEqual(await schema.query("select 1 from pg_namespace where nspname = $1", [schema.schema]), []);
    const done = await baton(["db", "migrate"]);
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stderr, new RegExp(`migrated from 0 to ${dry.value.to}\n`));
    const again = await baton(["db", "migrate"]);
    assert.equal(again.code, 0);
    assert.match(again.stderr, /the store already has schema \d+/);
  });
});

describe("an unavailable store", () => {
  for (const command of ["worker", "server"])
    it(`baton ${command} refuses a file with a hint`, async (test) => {
      const { baton } = setupCli(test);
      const { code, stderr } = await baton([command, "--store", "baton.db"]);
      assert.equal(code, 2);
      assert.equal(
        stderr,
        `error: baton ${command} needs a PostgreSQL store: a SQLite file allows one process\nhint: use baton start, or pass a store with --store postgres://…\n`,
      );
    });

  const wrong = [
    {
      what: "an address without a server",
      url: "postgres://127.0.0.1:1/none",
      expected: /^error: the database cannot be reached: .*ECONNREFUSED.*\nhint: check the database and the network/,
    },
    {
      what: "an invalid schema name",
      url: "postgres://127.0.0.1:1/none?schema=Bad-Name",
      expected: /^error: "Bad-Name" is not a valid schema name\nhint: use lower-case letters, digits and _/,
    },
  ];
  for (const { what, url, expected } of wrong)
    for (const command of ["worker", "runs"])
      it(`baton ${command} reports ${what} once`, async (test) => {
        const { baton } = setupCli(test);
        const { code, stdout, stderr } = await baton([command, "--store", url]);
        assert.equal(code, 5);
        assert.equal(stdout, "");
        assert.match(stderr, expected);
        assert.equal(stderr.trim().split("\n").length, 2, stderr);
      });

  it("a missing database is reported by name, with a hint", { skip }, async (test) => {
    const { baton, schema } = await setup(test);
    const url = new URL(schema.url);
    url.pathname = "/baton_test_not_there";
    const { code, stderr } = await baton(["worker", "--store", url.href]);
    assert.equal(code, 5);
    assert.match(stderr, /^error: .*database "baton_test_not_there" does not exist\nhint: /);
    assert.equal(stderr.trim().split("\n").length, 2, stderr);
  });

  it("a read-only database shows its runs and refuses workers", { skip }, async (test) => {
    const { baton, schema } = await setup(test);
    assert.equal((await baton(["db", "migrate"])).code, 0);
    const replica = new URL(schema.url);
    replica.searchParams.set("options", "-c default_transaction_read_only=on");
    const listed = await baton(["runs", "--store", replica.href]);
    assert.equal(listed.code, 0, listed.stderr);
    const { code, stderr } = await baton(["worker", "--store", replica.href]);
    assert.equal(code, 5);
    assert.match(stderr, /^error: the database is read-only: .*\nhint: use the address of the primary/);
  });
});

/** Makes leases last an hour: a run that continues before then was handed back. */
async function makeLeasesLong({ query }: FreshSchema): Promise<void> {
  await query(
    `create function hold_long() returns trigger language plpgsql as
      'begin new.expires_at = new.expires_at + 3600000; return new; end'`,
  );
  await query(
    "create trigger hold_long before insert or update of expires_at on workers for each row execute function hold_long()",
  );
}
