import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import { setup } from "./baton.ts";

interface Line {
  readonly name: string;
  readonly value: unknown;
  readonly from: string;
}

test("config shows every effective value and its source", async (t) => {
  const { json, write, folder } = setup(t);
  write(
    "baton.config.ts",
    'import { defineConfig } from "baton";\nexport default defineConfig({ slots: 7, port: 4500, retention: { events: "1d" } });\n',
  );
  const { value } = await json<Line[]>(["config", "--store", "other.db"], { env: { BATON_PORT: "4600" } });
  const line = (name: string): unknown[] => {
    const found = value.find((each) => each.name === name);
    return [found?.value, found?.from];
  };
  assert.deepEqual(line("store"), [`sqlite:${folder}/other.db`, "--store"]);
  assert.deepEqual(line("port"), [4600, "BATON_PORT"]);
  assert.deepEqual(line("slots"), [7, "baton.config.ts"]);
  assert.deepEqual(line("retention.eventsMs"), [86_400_000, "baton.config.ts"]);
  assert.deepEqual(line("shutdownGraceMs"), [10_000, "default"]);
  assert.deepEqual(line("retry.attempts"), [3, "fixed"]);
});

test("makes a backup next to a running server, and restores it when no process has the store open", async (t) => {
  const { baton, json, start, folder } = setup(t);
  const server = await start();
  await baton(["run", "hello", "--input", '{"name":"Ada"}', "--wait"]);
  const copy = await json<{ bytes: number }>(["db", "backup", "copy.db"]);
  assert.ok(copy.value.bytes > 10_000);
  const twice = await baton(["db", "backup", "copy.db"]);
  assert.match(twice.stderr, /copy\.db already exists/);
  await baton(["run", "hello", "--input", '{"name":"Bo"}', "--wait"]);
  const refused = await baton(["db", "restore", "copy.db"]);
  assert.equal(refused.code, 7);
  assert.match(refused.stderr, new RegExp(`in use by process ${server.pid}`));
  server.child.kill("SIGTERM");
  await server.ended;
  assert.equal((await json<RunSummary[]>(["runs"])).value.length, 2);
  assert.equal((await baton(["db", "restore", "copy.db"])).code, 0);
  const { value } = await json<RunSummary[]>(["runs"]);
  assert.deepEqual(
    value.map((run) => run.key),
    ["person:Ada"],
  );
  assert.ok(readdirSync(folder).some((file) => file.startsWith("baton.db.before-restore-")));
  const again = await json<RunDetail>(["run", "hello", "--input", '{"name":"Cy"}', "--wait"]);
  assert.equal(again.value.output, "Hello Cy");
});

test("an invalid setting is refused with its source", async (t) => {
  const { baton, write } = setup(t);
  write("baton.config.ts", "export default { slots: -1 };\n");
  const { code, stderr } = await baton(["config"]);
  assert.equal(code, 2);
  assert.match(stderr, /baton\.config\.ts: must be a whole number of 1 or more, not -1/);
  write("baton.config.ts", 'export default { store: "data/file.db", shutdownGrace: "soon" };\n');
  assert.match((await baton(["config"])).stderr, /baton\.config\.ts: not a duration: "soon"/);
  const env = { BATON_READ_ONLY: "perhaps", BATON_SHUTDOWN_GRACE: "1s" };
  assert.match((await baton(["config"], { env })).stderr, /BATON_READ_ONLY: must be true or false, not "perhaps"/);
});

test("paths in a config file are relative to that file, paths in flags to the current folder", async (t) => {
  const { json, write, folder } = setup(t);
  write("deep/baton.config.ts", 'export default { store: "sqlite:./own.db", folder: "./flows" };\n');
  write(
    "deep/flows/one.ts",
    'import { workflow } from "baton";\nexport const one = workflow({ name: "one" }, () => 1);\n',
  );
  const args = ["--config", "deep/baton.config.ts"];
  const { value } = await json<Line[]>(["config", ...args]);
  assert.equal(value.find((each) => each.name === "store")?.value, `sqlite:${folder}/deep/own.db`);
  const run = await json<RunDetail>(["run", "one", "--wait", ...args]);
  assert.deepEqual([run.code, run.value.output], [0, 1]);
  assert.ok(readdirSync(`${folder}/deep`).includes("own.db"));
});
