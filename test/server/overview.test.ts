import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadLetterGroup } from "../../src/wire/dead-letter.ts";
import type { Home } from "../../src/wire/home.ts";
import type { Page } from "../../src/wire/page.ts";
import type { Problem } from "../../src/wire/problem.ts";
import type { Facets, RunDetail, RunSummary } from "../../src/wire/run.ts";
import type { ServerInfo } from "../../src/wire/server.ts";
import type { Step } from "../../src/wire/step.ts";
import { setup } from "./setup.ts";
import { levers } from "./workflows/hello.ts";

test("the server reports its version, process and store", async (t) => {
  const api = await setup(t);
  const { body } = await api.get<ServerInfo>("/api/server");
  assert.match(body.version, /^\d+\.\d+\.\d+/);
  assert.deepEqual(
    [body.pid, body.isReadOnly, body.store.kind, body.workers, body.hasGuide, body.node],
    [process.pid, false, "sqlite", 1, false, process.version],
  );
  assert.match(body.store.address, /baton\.db$/);
  assert.ok(body.store.bytes > 4_000 && body.store.schema >= 8);
  assert.ok(body.startedAt <= body.now);
  assert.ok(Intl.supportedValuesOf("timeZone").includes(body.zone) || body.zone === "UTC");
});

test("a run shows its number of results, its working time and the live version", async (t) => {
  const api = await setup(t);
  const run = await api.run("loop", { count: 5 });
  assert.deepEqual([run.stepsDone, run.liveVersion, run.idle], [7, 1, []]);
  assert.ok(run.busyMs < 5_000);
  const { body } = await api.get<Page<RunSummary>>("/api/runs?name=loop");
  assert.equal(body.items[0]?.stepsDone, 7);
});

test("waiting does not count as working time", async (t) => {
  const api = await setup(t);
  const { busyMs } = await api.run("nap", {}, (run) => run.status === "waiting");
  assert.equal(busyMs, 0);
});

test("facets count matching runs by status and refuse a status filter", async (t) => {
  const api = await setup(t);
  for (const name of ["Ada", "Bob"]) await api.run("hello", { name });
  await api.run("nap", {}, (run) => run.status === "waiting");
  const counts = async (query: string): Promise<Record<string, number>> => {
    const { body } = await api.get<Facets>(`/api/runs/facets?${query}`);
    assert.deepEqual([body.items.length, body.items.every((each) => each.isExact)], [8, true]);
    return Object.fromEntries(body.items.filter((each) => each.count > 0).map((each) => [each.status, each.count]));
  };
  assert.deepEqual(await counts(""), { completed: 2, waiting: 1 });
  assert.deepEqual(await counts("name=hello"), { completed: 2 });
  assert.deepEqual(await counts("key=person:Ada"), { completed: 1 });
  assert.deepEqual(await counts("from=2020-01-01T00:00:00.000Z"), { completed: 2, waiting: 1 });
  assert.deepEqual(await counts("name=nap&q=nothing"), {});
  assert.equal((await api.get<Problem>("/api/runs/facets?status=failed")).status, 422);
});

test("steps can be read from any position", async (t) => {
  const api = await setup(t);
  const run = await api.run("loop", { count: 220 });
  const { body } = await api.get<Page<Step>>(`/api/runs/${run.id}/steps?after=200&limit=5`);
  assert.deepEqual([body.items.length, body.items[0]?.key], [5, "turn#201"]);
  const next = await api.get<Page<Step>>(`/api/runs/${run.id}/steps?after=200&pageToken=${body.nextPageToken}`);
  assert.equal(next.body.items[0]?.key, "turn#206");
});

test("a cause shows the versions of its runs and the hours of their failures", async (t) => {
  const api = await setup(t);
  levers.isBroken = true;
  t.after(() => {
    levers.isBroken = false;
  });
  for (const name of ["Ada", "Bob"]) await api.run("fragile", { name }, (run: RunDetail) => run.status === "failed");
  const { body } = await api.get<Page<DeadLetterGroup>>("/api/dead-letters");
  const [group] = body.items;
  assert.deepEqual([group?.versions, group?.hours.length], [[1], 24]);
  assert.equal(
    group?.hours.reduce((sum, each) => sum + each, 0),
    2,
  );
});

test("home shows verdicts and what needs a person", async (t) => {
  const api = await setup(t);
  const fresh = await api.get<Home>("/api/home");
  assert.deepEqual(
    fresh.body.verdicts.map(({ id, level }) => [id, level]),
    [
      ["workflows", "ok"],
      ["execution", "warn"],
      ["freshness", "ok"],
    ],
  );
  assert.match(fresh.body.verdicts[1]?.text ?? "", /definition file/);
  assert.deepEqual([fresh.body.runs, fresh.body.hours.length], [0, 24]);
  await api.run("hello", { name: "Ada" });
  levers.isBroken = true;
  t.after(() => {
    levers.isBroken = false;
  });
  await api.run("fragile", { name: "Ada" }, (run: RunDetail) => run.status === "failed");
  const { body } = await api.get<Home>("/api/home");
  assert.deepEqual(body.needsYou, { deadLetters: 1, suspended: 0 });
  assert.equal(body.runs, 2);
  assert.deepEqual(
    body.newErrors.map(({ name, step, count }) => [name, step, count]),
    [["fragile", "second", 1]],
  );
  assert.deepEqual(
    [body.verdicts[0]?.text, body.verdicts[0]?.next?.target.to],
    ["fragile is failing more than usual", "error"],
  );
  // The hour may have changed in the meantime.
  const lately = body.hours.slice(-2);
  const sum = (of: "started" | "completed" | "failed"): number => lately.reduce((n, each) => n + each[of], 0);
  assert.deepEqual([sum("started"), sum("completed"), sum("failed")], [2, 1, 1]);
  assert.deepEqual(body.longWaits, []);
});
