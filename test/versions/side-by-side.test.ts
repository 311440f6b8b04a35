import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { DefinitionView } from "../../src/wire/definition.ts";
import type { RunDetail } from "../../src/wire/run.ts";
import { type CliProject, eventually, setup as setupCli } from "../cli/baton.ts";
import { lineOfFailure, payText } from "./pay.ts";

interface Setup extends CliProject {
  /** Writes the workflow's file. */
  author(text: string): void;
  pay(id: string): Promise<RunDetail>;
  /** Waits until the run has this status. */
  until(id: string, status: string): Promise<RunDetail>;
  go(id: string): Promise<void>;
  versions(): Promise<readonly DefinitionView[]>;
}

function setup(t: TestContext): Setup {
  const project = setupCli(t);
  const show = async (id: string): Promise<RunDetail> => (await project.json<RunDetail>(["show", id])).value;
  const until: Setup["until"] = (id, status) =>
    eventually(`${id} is ${status}`, async () => {
      const run = await show(id);
      return run.status === status ? run : null;
    });
  return {
    ...project,
    until,
    author: (text) => project.write("workflows/pay.ts", text),
    pay: async (id) =>
      (await project.json<RunDetail>(["run", "pay", "--input", JSON.stringify({ id, amount: 5 })])).value,
    go: async (id) => {
      await project.baton(["events", "send", "go", "--data", JSON.stringify({ id })]);
    },
    versions: async () => (await project.json<DefinitionView[]>(["versions", "pay"])).value,
  };
}

function stateOf(items: readonly DefinitionView[]): unknown[] {
  return items.map(({ version, isUsed, runs }) => [version, isUsed, runs]);
}

test("a waiting run finishes on its version while new runs use the next, in one process and after kill -9 without the old source", async (t) => {
  const { author, pay, until, go, versions, baton, start, json } = setup(t);
  author(payText({ mark: "A" }));
  let server = await start(["start"]);
  const [here, later] = [await pay("here"), await pay("later")];
  await until(here.id, "waiting");
  await until(later.id, "waiting");

  author(payText({ mark: "B", hasCheck: true }));
  assert.equal((await baton(["deploy"])).code, 0);
  const fresh = await pay("fresh");
  assert.deepEqual([here.version, fresh.version], [1, 2]);
  await until(fresh.id, "waiting");
  assert.deepEqual(stateOf(await versions()), [
    [2, true, { waiting: 1 }],
    [1, false, { waiting: 2 }],
  ]);
  await go("here");
  await go("fresh");
  const [old, next] = [await until(here.id, "completed"), await until(fresh.id, "completed")];
  assert.deepEqual([old.output, next.output], ["A", "B"]);
  assert.deepEqual(
    next.steps.map((step) => step.name),
    ["reserve", "fraud check", "charge", "go", "ship"],
  );

  server.child.kill("SIGKILL");
  await server.ended;
  server = await start(["start"]);
  await go("later");
  assert.equal((await until(later.id, "completed")).output, "A");
  const again = (await json<RunDetail>(["run", "pay", "--input", '{"id":"again","amount":5}'])).value;
  assert.equal(again.version, 2);
});

test("the stack of a failed step in an old version has the source file and line, even if the file is gone", async (t) => {
  const { author, pay, until, go, start, folder } = setup(t);
  const text = payText({ mark: "A", fails: true, head: "\n// Some lines\n// at the top\n" });
  author(text);
  const server = await start(["start"]);
  const run = await pay("a");
  await until(run.id, "waiting");
  server.child.kill("SIGKILL");
  await server.ended;
  rmSync(join(folder, "workflows", "pay.ts"));
  await start(["start"]);
  await go("a");
  const failed = await until(run.id, "failed");
  const place = `${join(folder, "workflows", "pay.ts")}:${lineOfFailure(text)}:`;
  assert.ok(JSON.stringify(failed.error).includes(place), `${place} in ${JSON.stringify(failed.error)}`);
});

test("--use selects an older version for new starts across restarts, until the newer source is deployed again", async (t) => {
  const { author, pay, baton, start, versions, until } = setup(t);
  author(payText({ mark: "A" }));
  assert.equal((await baton(["deploy"])).code, 0);
  author(payText({ mark: "B" }));
  let server = await start(["start"]);
  assert.equal((await pay("b")).version, 2);
  assert.equal((await baton(["versions", "pay", "--use", "1", "--reason", "B charges twice"])).code, 0);
  const back = await pay("a");
  assert.equal(back.version, 1);
  await until(back.id, "waiting");
  server.child.kill("SIGTERM");
  await server.ended;
  server = await start(["start"]);
  assert.equal((await pay("a2")).version, 1);
  assert.equal((await baton(["deploy"])).code, 0);
  assert.equal((await pay("b2")).version, 2);
  // The old source gets the old version again.
  author(payText({ mark: "A" }));
  assert.equal((await baton(["deploy"])).code, 0);
  assert.equal((await pay("a3")).version, 1);
  assert.deepEqual(
    (await versions()).map(({ version, isUsed }) => [version, isUsed]),
    [
      [2, false],
      [1, true],
    ],
  );
});

test("a drained version accepts no new starts and is retired when its last run has ended", async (t) => {
  const { author, pay, baton, start, versions, until, go } = setup(t);
  author(payText({ mark: "A" }));
  await start(["start"]);
  const run = await pay("a");
  await until(run.id, "waiting");
  assert.equal((await baton(["versions", "pay", "--drain", "1"])).code, 0);
  const refused = await baton(["run", "pay", "--input", '{"id":"x","amount":1}', "--json"]);
  assert.match(refused.stderr, /"code":"drained"/);
  author(payText({ mark: "B" }));
  assert.equal((await baton(["deploy"])).code, 0);
  assert.equal((await pay("b")).version, 2);
  await go("a");
  await until(run.id, "completed");
  const drained = await baton(["versions", "pay", "--drain", "1"]);
  assert.match(drained.stdout, /^pay +1 .*retired/m);
  assert.equal((await versions()).find(({ version }) => version === 1)?.isRetired, true);
});

test("baton dev gives each change a new version, and waiting runs stay on theirs", async (t) => {
  const { author, pay, until, go, start, versions } = setup(t);
  author(payText({ mark: "one" }));
  const server = await start(["dev"]);
  const first = await pay("first");
  await until(first.id, "waiting");
  author(payText({ mark: "two", hasCheck: true }));
  await eventually("it was reloaded", () => (/reloaded: /.test(server.lines.err) ? true : null));
  const second = await pay("second");
  await until(second.id, "waiting");
  await go("first");
  await go("second");
  assert.deepEqual(
    [(await until(first.id, "completed")).output, (await until(second.id, "completed")).output],
    ["one", "two"],
  );
  assert.deepEqual(
    (await versions()).map(({ version }) => version),
    [2, 1],
  );
});

test("a deployment refuses computed imports and files next to the module, with file and line, and changes nothing", async (t) => {
  const { author, baton } = setup(t);
  author(
    `${payText({ mark: "A" })}export const late = (name: string) => import(name);\nexport const page = new URL("./page.html", import.meta.url);\n`,
  );
  const { code, stderr } = await baton(["deploy"]);
  assert.equal(code, 1);
  const lines = payText({ mark: "A" }).split("\n").length;
  assert.match(stderr, new RegExp(`workflows/pay\\.ts:${lines}: import\\(\\) with a path computed at run time`));
  assert.match(
    stderr,
    new RegExp(`workflows/pay\\.ts:${lines + 1}: new URL\\(…, import\\.meta\\.url\\) refers to a file`),
  );
  assert.match(stderr, /nothing was deployed/);
  assert.equal((await baton(["versions"])).code, 3, "there is no store yet");
});

test("deploy --dry-run shows which versions are new, and changes nothing", async (t) => {
  const { author, baton, json } = setup(t);
  author(payText({ mark: "A" }));
  assert.equal((await baton(["deploy"])).code, 0);
  author(payText({ mark: "B" }));
  const { value } = await json<{ name: string; version: number | null; isNew: boolean }[]>(["deploy", "--dry-run"]);
  assert.deepEqual(value.find((each) => each.name === "pay")?.version, null);
  assert.deepEqual(value.find((each) => each.name === "hello")?.isNew, false);
  const versions = (await json<DefinitionView[]>(["versions", "pay"])).value;
  assert.deepEqual(
    versions.map(({ version }) => version),
    [1],
  );
});

test("a run whose version needs another package version waits, with the package as reason", async (t) => {
  const { write, folder, pay, author, until, go, start, json } = setup(t);
  const install = (version: string): void => {
    const place = join(folder, "node_modules", "printer");
    mkdirSync(place, { recursive: true });
    writeFileSync(
      join(place, "package.json"),
      JSON.stringify({ name: "printer", version, type: "module", main: "index.js" }),
    );
    writeFileSync(join(place, "index.js"), `export const print = () => "printed by ${version}";\n`);
  };
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(join(import.meta.dirname, "../.."), join(folder, "node_modules", "baton"));
  install("1.0.0");
  write("baton.config.ts", 'export default { external: ["printer"], folder: "./workflows" };\n');
  author(payText({ mark: "A", head: 'import { print } from "printer";\nexport const how = print();' }));
  let server = await start(["start"]);
  const run = await pay("a");
  await until(run.id, "waiting");
  server.child.kill("SIGTERM");
  await server.ended;

  install("2.0.0");
  server = await start(["start"]);
  assert.equal((await pay("b")).version, 2, "the package is part of the fingerprint");
  await go("a");
  const waiting = await eventually("it shows why it waits", async () => {
    const { value } = await json<RunDetail>(["show", run.id]);
    return value.reason?.code === "no-worker" ? value : null;
  });
  assert.equal(waiting.reasonText, "no worker has pay version 1: it needs printer 1.0.0, but 2.0.0 is installed here");
  server.child.kill("SIGTERM");
  await server.ended;
  install("1.0.0");
  await start(["start"]);
  await until(run.id, "completed");
});
