import assert from "node:assert/strict";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import type { VerbPreview } from "../../src/wire/verb.ts";
import { setup } from "./baton.ts";

test("without a store, show fails with exit code 3 and creates nothing", async (t) => {
  const { baton, store } = setup(t);
  const { code, stdout, stderr } = await baton(["show", "latest"]);
  assert.deepEqual([code, stdout], [3, ""]);
  assert.match(stderr, /error: no store found at baton\.db\nhint: start Baton here first/);
  assert.equal(existsSync(store), false);
});

test("without a server, run --wait executes and prints the run", async (t) => {
  const { baton, json } = setup(t);
  const run = await json<RunDetail>(["run", "hello", "--input", '{"name":"Ada"}', "--wait"]);
  assert.deepEqual([run.code, run.value.status, run.value.output], [0, "completed", "Hello Ada"]);
  const shown = await baton(["show", run.value.id.slice(0, 16)]);
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, /^completed\n/);
  assert.match(shown.stdout, new RegExp(`^run       ${run.value.id}$`, "m"));
  assert.match(shown.stdout, /^greet {2}completed {2}1 +\d+ ms {2}"Hello Ada"$/m);
  assert.equal(shown.stdout.includes("\u001b"), false);
});

test("without --wait, a run is stored for the next server", async (t) => {
  const { baton, json, start } = setup(t);
  const { code, stdout, stderr } = await baton(["run", "hello", "--input", "-"], { stdin: '{"name":"Ada"}' });
  assert.equal(code, 0);
  assert.match(stderr, /no server is running/);
  const id = stdout.trim();
  assert.equal((await json<RunDetail>(["show", id])).value.status, "pending");
  await start();
  const { value } = await json<{ status: string; output: string }>([
    "run",
    "hello",
    "--input",
    '{"name":"Bo"}',
    "--wait",
  ]);
  assert.equal(value.output, "Hello Bo");
  assert.equal((await json<RunDetail>(["show", id])).value.status, "completed");
});

test("resume continues a failed run from its failed step; the exit code shows the result", async (t) => {
  const { baton, json, write } = setup(t);
  const failed = await baton(["run", "fragile", "--wait"]);
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, /^second {2}failed {5}1/m);
  assert.match(failed.stdout, /next {6}baton resume run_/);
  const why = await baton(["why", "latest"]);
  assert.match(why.stdout, /kept: first\nnext: baton resume run_/);

  const preview = await json<VerbPreview>(["resume", "latest", "--dry-run"]);
  assert.deepEqual([preview.value.runsAgain, preview.value.kept], [["second"], ["first"]]);
  assert.equal((await baton(["resume", "latest"])).code, 1);
  write("repaired", "");
  const resumed = await baton(["resume", "latest", "--reason", "it is repaired"]);
  assert.equal(resumed.code, 0);
  assert.match(resumed.stderr, /^completed {2}second/m);
  assert.match(resumed.stdout, /^completed\n/m);
  assert.match(resumed.stdout, /"whole again"/);
  const { value } = await json<RunDetail>(["show", "latest"]);
  assert.deepEqual(
    value.steps.map((step) => [step.key, step.attempts.length]),
    [
      ["first", 1],
      ["second", 3],
    ],
  );
});

test("lists print one document, one line per item, or [] when empty", async (t) => {
  const { baton, json } = setup(t);
  for (const name of ["Ada", "Bo"]) await baton(["run", "hello", "--input", `{"name":"${name}"}`]);
  const { value } = await json<RunSummary[]>(["runs"]);
  assert.deepEqual(
    value.map((run) => run.key),
    ["person:Bo", "person:Ada"],
  );
  const lines = (await baton(["runs", "--jsonl"])).stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as RunSummary).key),
    ["person:Bo", "person:Ada"],
  );
  const one = await json<RunSummary[]>(["runs", "Ada", "--status", "pending"]);
  assert.deepEqual(
    one.value.map((run) => run.key),
    ["person:Ada"],
  );
  for (const args of [["runs", "--status", "failed"], ["dead-letters"], ["events"]]) {
    const { code, stdout } = await baton([...args, "--json"]);
    assert.deepEqual([code, stdout], [0, "[]\n"], args.join(" "));
    assert.deepEqual((await baton([...args, "--jsonl"])).stdout, "");
  }
});

test("show --json prints every value in full", async (t) => {
  const { baton, json } = setup(t);
  await baton(["run", "large", "--wait"]);
  const { value } = await json<RunDetail>(["show", "latest"]);
  assert.equal((value.output as string).length, 50_000);
  assert.equal((value.steps[0]!.output as string).length, 50_000);
});

test("run --wait ends with exit code 6 when the run waits for an event", async (t) => {
  const { baton, json } = setup(t);
  const waited = await json<RunDetail>(["run", "patient", "--wait"]);
  assert.deepEqual([waited.code, waited.value.status], [6, "waiting"]);
  const sent = await baton(["events", "send", "go", "--data", '{"x":1}', "--id", "e-1"]);
  assert.match(sent.stdout, /^e-1 {2}matched 1$/m);
  assert.equal((await baton(["suspend", "latest"])).code, 0);
  const resumed = await json<RunDetail>(["resume", "latest"]);
  assert.deepEqual([resumed.code, resumed.value.output], [0, { x: 1 }]);
});

test("a run whose code is unavailable stays pending with a reason", async (t) => {
  const { baton, folder, store } = setup(t);
  await baton(["run", "fragile", "--wait"]);
  const elsewhere = await baton(["resume", "latest", "--store", store], {
    env: { BATON_FOLDER: `${folder}/node_modules` },
  });
  assert.match(elsewhere.stderr, /the definitions folder node_modules does not exist/);
  const config = `${folder}/empty.ts`;
  writeFileSync(config, "export default { definitions: [] };\n");
  const resume = ["resume", "latest", "--config", config, "--store", store];
  const fromStore = await baton(resume);
  assert.match(fromStore.stdout, /^failed {2}/m, fromStore.stdout + fromStore.stderr);
  // As on another machine that has only the store.
  rmSync(`${store}.versions`, { recursive: true });
  const { code, stdout } = await baton(resume);
  assert.equal(code, 1);
  assert.match(stdout, /^pending {2}no worker has fragile version 1: its code was not built on this machine/m);
});

test("text from runs cannot control the terminal", async (t) => {
  const { baton } = setup(t);
  await baton(["run", "fragile", "--wait"]);
  for (const args of [
    ["show", "latest"],
    ["runs"],
    ["why", "latest"],
    ["dead-letters"],
    ["show", "latest", "--json"],
  ]) {
    const { stdout } = await baton(args);
    for (const control of ["\u0007", "\u001b", "\u009b"]) assert.equal(stdout.includes(control), false, args.join(" "));
    assert.match(stdout, /voice/);
  }
});
