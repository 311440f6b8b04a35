import assert from "node:assert/strict";
import { test } from "node:test";
import { openBaton } from "../../src/app/baton.ts";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import { eventually, setup } from "./baton.ts";

test("a server is found by its store, does the work, and stops gracefully", async (t) => {
  const { json, start } = setup(t);
  const server = await start();
  assert.match(server.lines.out, /^console http:\/\/127\.0\.0\.1:\d+ {2}\(4 workflows loaded from workflows: /);
  const run = await json<RunDetail>(["run", "hello", "--input", '{"name":"Ada"}', "--wait"]);
  assert.deepEqual([run.code, run.value.output], [0, "Hello Ada"]);
  const byUrl = await json<RunSummary[]>(["runs", "--url", server.url, "--store", "elsewhere.db"]);
  assert.deepEqual(
    byUrl.value.map((each) => each.id),
    [run.value.id],
  );
  server.child.kill("SIGTERM");
  const { code, stderr } = await server.ended;
  assert.equal(code, 0);
  assert.match(stderr, /runs continue after the next start/);
});

test("a second Baton on the same store is refused, naming the process that has it", async (t) => {
  const { baton, start } = setup(t);
  const server = await start();
  const { code, stderr } = await baton(["start"]);
  assert.equal(code, 7);
  assert.match(stderr, new RegExp(`is in use by process ${server.pid} at ${server.url}`));
});

test("a server that was killed leaves its runs, and its file misleads nobody", async (t) => {
  const { baton, json, start } = setup(t);
  const server = await start();
  await baton(["run", "patient"]);
  await eventually("it waits", async () => {
    const { value } = await json<RunDetail>(["show", "latest"]);
    return value.status === "waiting" ? true : null;
  });
  server.child.kill("SIGKILL");
  await server.ended;
  assert.equal((await json<RunDetail>(["show", "latest"])).value.status, "waiting");
  const sent = await baton(["events", "send", "go"]);
  assert.match(sent.stdout, /matched 1/);
  await start();
  await eventually("it goes on", async () => {
    const { value } = await json<RunDetail>(["show", "latest"]);
    return value.status === "completed" ? true : null;
  });
});

test("the next port is taken when the first is in use, and it says so", async (t) => {
  const first = setup(t);
  const second = setup(t);
  const { url } = await first.start();
  const { port } = new URL(url);
  const other = await second.start(["start", "--port", port]);
  assert.notEqual(new URL(other.url).port, port);
  const told = new RegExp(`port ${port} is in use; using \\d+`);
  await eventually("it says so", () => (told.test(other.lines.err) ? true : null));
});

test("beside an app that embeds Baton it can be looked at, and a verb is refused naming the process", async (t) => {
  const { baton, json, store } = setup(t);
  await baton(["run", "fragile", "--wait"]);
  const app = await openBaton({ store: `sqlite:${store}` });
  t.after(() => app.close());
  const { value } = await json<RunDetail>(["show", "latest"]);
  assert.equal(value.status, "failed");
  assert.equal((await json<RunSummary[]>(["runs"])).value.length, 1);
  const { code, stderr } = await baton(["resume", "latest"]);
  assert.equal(code, 4);
  assert.match(stderr, new RegExp(`process ${process.pid} has baton\\.db open inside an app`));
});

test("an event that is sent without a server starts what it triggers when one comes", async (t) => {
  const { baton, json, start, write } = setup(t);
  const source =
    'import { on, workflow } from "baton";\nexport const won = workflow({ name: "won", on: on.event("deal.won") }, () => 1);\n';
  write("workflows/won.ts", source);
  const sent = await baton(["events", "send", "deal.won", "--data", "{}"]);
  assert.equal(sent.code, 0);
  assert.match(sent.stderr, /begin when one does/);
  await start();
  await eventually("it was started", async () => {
    const { value } = await json<RunSummary[]>(["runs", "--name", "won"]);
    return value.some((run) => run.status === "completed") ? true : null;
  });
});
