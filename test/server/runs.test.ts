import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryEntry, LogEntry } from "../../src/wire/history.ts";
import type { Page } from "../../src/wire/page.ts";
import type { Truncated } from "../../src/wire/payload.ts";
import type { Problem } from "../../src/wire/problem.ts";
import type { RunDetail, RunResult, RunSummary } from "../../src/wire/run.ts";
import type { Step } from "../../src/wire/step.ts";
import { setup } from "./setup.ts";
import { hold, levers } from "./workflows/hello.ts";

test("starting a run returns 201, its location and its detail", async (t) => {
  const api = await setup(t);
  const { status, headers, body } = await api.post<RunDetail>("/api/runs", { name: "hello", input: { name: "Ada" } });
  assert.equal(status, 201);
  assert.equal(headers.get("location"), `/api/runs/${body.id}`);
  assert.match(body.id, /^run_[0-9a-f-]{36}$/);
  assert.match(body.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const run = await api.until(body.id, (seen) => seen.status === "completed");
  assert.equal(run.output, "HELLO ADA");
  assert.equal(run.key, "person:Ada");
  assert.deepEqual(run.verbs, ["rerun"]);
});

test("a step that succeeded at once shows its implied attempt", async (t) => {
  const api = await setup(t);
  const run = await api.run("hello", { name: "Ada" });
  const [greet, shout] = run.steps;
  assert.deepEqual([greet?.name, greet?.status, greet?.output], ["greet", "completed", "Hello Ada"]);
  assert.equal(shout?.output, "HELLO ADA");
  const [attempt] = greet?.attempts ?? [];
  assert.deepEqual([attempt?.number, attempt?.status, attempt?.error], [1, "completed", null]);
  assert.equal(attempt?.endedAt, greet?.endedAt);
});

test("a known idempotency key returns its run with 200, or 409 with another input", async (t) => {
  const api = await setup(t);
  const start = { name: "hello", input: { name: "Ada" } };
  const first = await api.post<RunDetail>("/api/runs", { ...start, idempotencyKey: "k-1" });
  const byHeader = await api.post<RunDetail>("/api/runs", start, { "idempotency-key": "k-1" });
  const quoted = await api.post<RunDetail>("/api/runs", start, { "idempotency-key": '"k-1"' });
  assert.deepEqual([first.status, byHeader.status, quoted.status], [201, 200, 200]);
  assert.deepEqual([byHeader.body.id, quoted.body.id], [first.body.id, first.body.id]);
  const other = await api.post<Problem>("/api/runs", { ...start, input: { name: "Bob" }, idempotencyKey: "k-1" });
  assert.deepEqual([other.status, other.body.code, other.body.details], [409, "key-conflict", { run: first.body.id }]);
  const both = await api.post<Problem>("/api/runs", { ...start, idempotencyKey: "k-1" }, { "idempotency-key": "k-2" });
  assert.deepEqual([both.status, both.body.errors?.[0]?.path], [422, "idempotencyKey"]);
});

test("a run can be delayed and have its own key and attributes", async (t) => {
  const api = await setup(t);
  const { body } = await api.post<RunDetail>("/api/runs", {
    name: "hello",
    input: { name: "Ada" },
    key: "deal:1",
    after: "1h",
    attributes: { region: "emea" },
  });
  assert.deepEqual([body.status, body.key, body.attributes], ["pending", "deal:1", { region: "emea" }]);
  assert.equal(body.reason?.code, "scheduled");
  assert.match(body.reasonText ?? "", /^scheduled to start at 20/);
});

test("filters lists by name, status, key and text, and pages them by an opaque token", async (t) => {
  const api = await setup(t);
  for (const name of ["Ada", "Bob", "Cleo"]) await api.run("hello", { name });
  await api.run("nap", {}, (run) => run.status === "waiting");
  const ids = async (query: string): Promise<(string | null)[]> => {
    const { body } = await api.get<Page<RunSummary>>(`/api/runs?${query}`);
    return body.items.map((run) => run.key ?? run.name);
  };
  assert.deepEqual(await ids("name=hello"), ["person:Cleo", "person:Bob", "person:Ada"]);
  assert.deepEqual(await ids("status=waiting"), ["nap"]);
  assert.deepEqual(await ids("key=person:Bob"), ["person:Bob"]);
  assert.deepEqual(await ids("q=Ada"), ["person:Ada"]);
  assert.deepEqual(await ids("status=failed"), []);
  const first = await api.get<Page<RunSummary>>("/api/runs?name=hello&limit=2");
  assert.equal(first.body.items.length, 2);
  const second = await api.get<Page<RunSummary>>(`/api/runs?name=hello&limit=2&pageToken=${first.body.nextPageToken}`);
  assert.deepEqual([second.body.items.map((run) => run.key), second.body.nextPageToken], [["person:Ada"], null]);
});

test("finds a run by a unique id prefix or as latest; an ambiguous prefix lists candidates", async (t) => {
  const api = await setup(t);
  const missing = await api.get<Problem>("/api/runs/latest");
  assert.deepEqual([missing.status, missing.body.code], [404, "not-found"]);
  const ada = await api.run("hello", { name: "Ada" });
  assert.equal((await api.get<RunDetail>(`/api/runs/${ada.id.slice(0, 20)}`)).body.id, ada.id);
  const bob = await api.run("hello", { name: "Bob" });
  assert.equal((await api.get<RunDetail>("/api/runs/latest")).body.id, bob.id);
  const both = await api.get<Problem>("/api/runs/run_0");
  assert.deepEqual([both.status, both.body.code], [409, "ambiguous"]);
  assert.deepEqual(both.body.details, { candidates: [ada.id, bob.id] });
  assert.equal((await api.get<RunDetail>(`/api/runs/${bob.id.slice(4)}`)).body.id, bob.id);
});

test("truncates a value over 32 KiB; its href returns the whole value", async (t) => {
  const api = await setup(t);
  const small = await api.run("large", { kib: 20 });
  assert.equal((small.output as { text: string }).text.length, 20 * 1024);
  const run = await api.run("large", { kib: 40 });
  const { truncated, bytes, href } = run.steps[0]!.output as Truncated;
  assert.deepEqual([truncated, bytes], [true, 40 * 1024 + 2]);
  assert.equal((await api.get<string>(href)).body.length, 40 * 1024);
  const output = await api.get<{ text: string }>((run.output as Truncated).href);
  assert.equal(output.body.text.length, 40 * 1024);
  assert.deepEqual((await api.get(`/api/runs/${run.id}/payloads/input`)).body, { kib: 40 });
  assert.equal((await api.get(`/api/runs/${run.id}/payloads/step:99`)).status, 404);
});

test("the detail has the first 200 steps, the step pages have all, with their given names", async (t) => {
  const api = await setup(t);
  const run = await api.run("loop", { count: 220 });
  assert.deepEqual([run.stepCount, run.steps.length], [222, 200]);
  const steps: Step[] = [];
  let token = "";
  do {
    const { body } = await api.get<Page<Step>>(`/api/runs/${run.id}/steps?limit=100${token}`);
    steps.push(...body.items);
    token = body.nextPageToken === null ? "" : `&pageToken=${body.nextPageToken}`;
  } while (token !== "");
  assert.equal(new Set(steps.map((step) => step.key)).size, 222);
  assert.deepEqual([steps[1]?.key, steps[1]?.name], ["turn#2", "turn"]);
  assert.deepEqual([steps.at(-1)?.key, steps.at(-1)?.name], ["items[1]/inside", "inside"]);
});

test("shows work in progress: a running attempt with its progress, a retry, an event wait, a timer", async (t) => {
  const api = await setup(t);
  hold();
  const long = await api.run("long", {}, (run) => run.steps.some((step) => step.progress !== undefined));
  const holding = long.steps.find((step) => step.name === "hold on");
  assert.deepEqual([holding?.status, holding?.progress], ["running", { share: 0.4, note: "page 12" }]);
  assert.equal(holding?.attempts[0]?.status, "running");
  assert.deepEqual(long.verbs, ["cancel", "suspend"]);
  levers.release();

  const slow = await api.run("slow", {}, (run) => run.status === "waiting");
  assert.equal(slow.reason?.code, "retry");
  assert.deepEqual(
    [slow.steps[0]?.name, slow.steps[0]?.status, slow.steps[0]?.attempts.length],
    ["call", "waiting", 1],
  );
  assert.equal(slow.steps[0]?.error?.message, "503 from the other system");
  assert.equal(slow.waits[0]?.kind, "retry");

  const event = await api.run("waiting", { deal: "D-1" }, (run) => run.status === "waiting");
  assert.deepEqual([event.steps[0]?.kind, event.steps[0]?.status], ["event", "waiting"]);
  assert.deepEqual(event.waits[0]?.match, { deal: "D-1" });
  assert.match(event.reasonText ?? "", /^waiting for event deal\.accepted with deal="D-1" until 20/);

  const nap = await api.run("nap", {}, (run) => run.status === "waiting");
  assert.deepEqual([nap.steps[0]?.kind, nap.reason?.code], ["sleep", "timer"]);
});

test("reads logs and history of a run separately", async (t) => {
  const api = await setup(t);
  hold();
  const run = await api.run("long", {}, (seen) => seen.steps.some((step) => step.name === "hold on"));
  levers.release();
  await api.until(run.id, (seen) => seen.status === "completed");
  const logs = await api.get<Page<LogEntry>>(`/api/runs/${run.id}/logs`);
  const [line] = logs.body.items;
  assert.deepEqual(
    [line?.level, line?.step, line?.message, line?.data],
    ["info", "hold on", "holding on", { page: 12 }],
  );
  const history = await api.get<Page<HistoryEntry>>(`/api/runs/${run.id}/events`);
  assert.deepEqual([history.body.items.at(0)?.kind, history.body.items.at(-1)?.kind], ["started", "completed"]);
});

test("waits for a result, and returns 202 for a run that has not ended", async (t) => {
  const api = await setup(t);
  hold();
  const { body: run } = await api.post<RunDetail>("/api/runs", { name: "long" });
  const early = await api.get<RunResult>(`/api/runs/${run.id}/result`);
  assert.equal(early.status, 202);
  const waited = api.get<RunResult>(`/api/runs/${run.id}/result?wait=30s`);
  levers.release();
  const { status, body } = await waited;
  assert.deepEqual([status, body], [200, { id: run.id, status: "completed", output: "done", error: null }]);
  const tooLong = await api.get<Problem>(`/api/runs/${run.id}/result?wait=2h`);
  assert.deepEqual([tooLong.status, tooLong.body.errors?.[0]?.path], [422, "wait"]);
});

test("exports matching runs as a file", async (t) => {
  const api = await setup(t);
  for (const name of ["Ada", "Bob, the second"]) await api.run("hello", { name });
  await api.run("nap", {}, (run) => run.status === "waiting");
  const csv = await api.get<string>("/api/runs/export?format=csv&name=hello");
  assert.equal(csv.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.equal(csv.headers.get("content-disposition"), 'attachment; filename="runs.csv"');
  assert.equal(csv.headers.get("x-baton-rows-max"), "100000");
  const lines = csv.body.trimEnd().split("\r\n");
  assert.equal(lines.length, 3);
  assert.match(lines[1] ?? "", /^run_[0-9a-f-]+,hello,1,completed,"person:Bob, the second",/);
  const ndjson = await api.get<string>("/api/runs/export?format=ndjson");
  const runs = ndjson.body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RunSummary);
  assert.deepEqual(
    runs.map((run) => run.name),
    ["nap", "hello", "hello"],
  );
  assert.equal((await api.get<Problem>("/api/runs/export?format=xml")).status, 422);
  assert.equal((await api.get<Problem>("/api/runs/export")).status, 422);
});
