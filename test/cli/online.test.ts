import assert from "node:assert/strict";
import { test } from "node:test";
import { openBaton } from "../../src/app/baton.ts";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import { eventually, setup } from "./baton.ts";

test("commands find a server by its store; it executes runs and stops gracefully", async (t) => {
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

test("a second Baton on the same store is refused, with the process that has it open", async (t) => {
  const { baton, start } = setup(t);
  const server = await start();
  const { code, stderr } = await baton(["start"]);
  assert.equal(code, 7);
  assert.match(stderr, new RegExp(`is in use by process ${server.pid} at ${server.url}`));
});

test("after a server was killed its runs remain, and its owner file is ignored", async (t) => {
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
  await eventually("it continues", async () => {
    const { value } = await json<RunDetail>(["show", "latest"]);
    return value.status === "completed" ? true : null;
  });
});

test("a server uses the next port when its port is in use, and reports it", async (t) => {
  const first = setup(t);
  const second = setup(t);
  const { url } = await first.start();
  const { port } = new URL(url);
  const other = await second.start(["start", "--port", port]);
  assert.notEqual(new URL(other.url).port, port);
  const message = new RegExp(`port ${port} is in use; using \\d+`);
  await eventually("it is reported", () => (message.test(other.lines.err) ? true : null));
});

test("next to an app that embeds Baton reads work, and actions are refused with the process", async (t) => {
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

test("an event sent without a server triggers its workflow when a server starts", async (t) => {
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
