import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import type { DefinitionView } from "../../src/wire/definition.ts";
import type { RunDetail } from "../../src/wire/run.ts";
import { type CliProject, type CommandOptions, eventually, setup as setupCli } from "../cli/baton.ts";
import { payText } from "./pay.ts";

const key = "a-deploy-key-of-forty-characters-or-more";

interface Setup extends CliProject {
  /** A run that waits on version 1; the folder has version 2, and no process has the store open. */
  readonly waiting: RunDetail;
  /** Changes rows like an attacker who can write only to the database. */
  tamper(sql: string, ...values: string[]): void;
  read(sql: string): Record<string, string>[];
  /** Starts a server and returns the run's waiting reason once there is one. */
  reason(how?: CommandOptions): Promise<string>;
  finish(how?: CommandOptions): Promise<RunDetail>;
}

async function setup(t: TestContext, how: CommandOptions = {}): Promise<Setup> {
  const project = setupCli(t);
  const { write, baton, json, launch, store } = project;
  write("workflows/pay.ts", payText({ mark: "A" }));
  const run = await baton(["run", "pay", "--input", '{"id":"a","amount":1}', "--wait", "--timeout", "300ms"], how);
  assert.match(run.stdout + run.stderr, /still waiting|waiting/);
  const waiting = (await json<RunDetail>(["show", "latest"])).value;
  assert.equal(waiting.status, "waiting");
  write("workflows/pay.ts", payText({ mark: "B", hasCheck: true }));
  assert.equal((await baton(["deploy"], how)).code, 0);
  assert.equal((await baton(["events", "send", "go", "--data", '{"id":"a"}'], how)).code, 0);

  const serving = async <T>(options: CommandOptions, find: () => Promise<T | null>): Promise<T> => {
    const server = launch(["start"], options);
    // By then the reason recorded by the previous server is cleared.
    await eventually("it serves", () => (/^press Ctrl-C to stop/m.test(server.lines.out) ? true : null));
    const found = await eventually("the server has processed the run", find);
    server.child.kill("SIGTERM");
    await server.ended;
    return found;
  };
  const shown = async (): Promise<RunDetail> => (await json<RunDetail>(["show", waiting.id])).value;
  return {
    ...project,
    waiting,
    tamper: (sql, ...values) => {
      const db = new DatabaseSync(store);
      const { changes } = db.prepare(sql).run(...values);
      db.close();
      assert.ok(Number(changes) > 0, sql);
    },
    read: (sql) => {
      const db = new DatabaseSync(store, { readOnly: true });
      const rows = db.prepare(sql).all() as Record<string, string>[];
      db.close();
      return rows;
    },
    reason: (options = how) =>
      serving(options, async () => {
        const found = await shown();
        assert.notEqual(found.status, "completed", "it ran untrusted code");
        return found.reason?.code === "no-worker" ? found.reasonText : null;
      }),
    finish: (options = how) =>
      serving(options, async () => {
        const found = await shown();
        return found.status === "completed" ? found : null;
      }),
  };
}

const evil = "import { workflow } from 'baton';\nexport const pay = workflow({ name: 'pay' }, () => 'stolen');\n";

for (const [who, how] of [
  ["with a deploy key", { env: { BATON_DEPLOY_KEY: key } }],
  ["without a deploy key", {}],
] as const) {
  test(`${who}, code that was changed, inserted or put under another version is refused, and runs again when restored`, async (t) => {
    const { tamper, reason, finish, read } = await setup(t, how);
    const unknown = /pay version 1: (?:no list signed|its code was not built on this machine)/;
    const [{ hash, body } = { hash: "", body: "" }] = read(
      "select a.hash, a.body from artifacts a join definitions d on d.fingerprint = a.hash where d.name = 'pay' and d.version = 1",
    );
    tamper("update artifacts set body = ? where hash = ?", evil, hash);
    assert.match(await reason(), /pay version 1: its stored code was changed: its hash is \w{12}, not \w{12}/);
    tamper("update artifacts set body = ? where hash = ?", body, hash);

    // Under its own correct hash, which does not prove its author.
    const own = createHash("sha256").update(evil).update("\0").update("[]").digest("hex");
    tamper("insert into artifacts (hash, body, externals, bytes, created_at) values (?, ?, '[]', 1, 1)", own, evil);
    tamper("update definitions set fingerprint = ? where name = 'pay' and version = 1", own);
    assert.match(await reason(), unknown);

    // Code trusted for version 2 is not trusted for version 1.
    tamper(
      "update definitions set fingerprint = (select fingerprint from definitions where name = 'pay' and version = 2) where name = 'pay' and version = 1",
    );
    assert.match(await reason(), unknown);
    tamper("update definitions set fingerprint = ? where name = 'pay' and version = 1", hash);
    assert.equal((await finish()).output, "A");
  });
}

test("a list that was changed or signed with another key is not trusted; another machine needs the key, which can be rotated", async (t) => {
  const next = "another-deploy-key-of-forty-characters-or-more";
  const { tamper, reason, finish, store } = await setup(t, { env: { BATON_DEPLOY_KEY: key } });
  // The files next to the store are missing, as in a copy of the store alone.
  rmSync(`${store}.versions`, { recursive: true });
  assert.match(await reason({ env: {} }), /not built on this machine, and loading other code needs a deploy key/);
  const notSigned = /pay version 1: no list signed with the deploy key contains its code/;
  assert.match(await reason({ env: { BATON_DEPLOY_KEY: next } }), notSigned);
  tamper("update manifests set body = replace(body, 'pay', 'pax')");
  assert.match(await reason(), notSigned);
  tamper("update manifests set body = replace(body, 'pax', 'pay')");
  assert.equal((await finish({ env: { BATON_DEPLOY_KEY: `${next},${key}` } })).output, "A");
});

test("code built here is listed in a file that only its owner can write; a list that others can write is not trusted", async (t) => {
  const { store, reason, json } = await setup(t);
  const list = join(`${store}.versions`, "made-here");
  assert.equal(statSync(list).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(list)).mode & 0o777, 0o700);
  chmodSync(list, 0o666);
  assert.match(await reason(), /its code was not built on this machine/);
  const { value } = await json<RunDetail>(["why", "latest"]);
  assert.equal(value.status, "pending");
});

test("a deploy key that is too short or cannot be read is refused", async (t) => {
  const { baton } = setupCli(t);
  const short = await baton(["deploy"], { env: { BATON_DEPLOY_KEY: "short" } });
  assert.equal(short.code, 2);
  assert.match(short.stderr, /a deploy key needs at least 32 characters\nhint: create one with: openssl rand -hex 32/);
  const missing = await baton(["deploy"], { env: { BATON_DEPLOY_KEY_FILE: "keys/none" } });
  assert.match(missing.stderr, /the deploy key file keys\/none cannot be read/);
});

test("the list of versions shows why a version cannot be loaded", async (t) => {
  const { json, store, launch } = await setup(t);
  rmSync(`${store}.versions`, { recursive: true });
  const server = launch(["start"]);
  const items = await eventually("the server lists them", async () => {
    const { value } = await json<DefinitionView[]>(["versions", "pay"]);
    return value.every((each) => each.isLoaded || each.unloadable !== null) ? value : null;
  });
  server.child.kill("SIGTERM");
  await server.ended;
  assert.deepEqual(
    items.map(({ version, isLoaded }) => [version, isLoaded]),
    [
      [2, true],
      [1, false],
    ],
  );
  assert.match(items[1]?.unloadable ?? "", /^its code was not built on this machine/);
});
