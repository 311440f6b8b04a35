import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadLetterGroup } from "../../src/wire/dead-letter.ts";
import type { HistoryEntry } from "../../src/wire/history.ts";
import type { Page } from "../../src/wire/page.ts";
import type { Problem } from "../../src/wire/problem.ts";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import type { VerbPreview } from "../../src/wire/verb.ts";
import { type Api, setup } from "./setup.ts";
import { hold, levers } from "./workflows/hello.ts";

async function failed(api: Api): Promise<RunDetail> {
  levers.isBroken = true;
  const run = await api.run("fragile", { name: "Ada" }, (seen) => seen.status === "failed");
  levers.isBroken = false;
  return run;
}

const statuses = (run: RunDetail): [string, string][] => run.steps.map((step) => [step.key, step.status]);

test("a failed run shows where and why it failed, and resumes from the failed step with earlier results kept", async (t) => {
  const api = await setup(t);
  const run = await failed(api);
  assert.deepEqual([run.error?.step, run.error?.message], ["second", "the other system says no"]);
  assert.deepEqual(statuses(run), [
    ["first", "completed"],
    ["second", "failed"],
  ]);
  assert.deepEqual(run.verbs, ["resume", "restart", "complete-step", "retry", "compensate", "dismiss", "rerun"]);
  const { status, body } = await api.post<RunDetail>(`/api/runs/${run.id}/resume`, { reason: "it is repaired" });
  assert.deepEqual([status, body.round], [200, 1]);
  const resumed = await api.until(run.id, (seen) => seen.status === "completed");
  assert.deepEqual(resumed.steps[0], run.steps[0]);
  const second = resumed.steps.find((step) => step.key === "second");
  assert.deepEqual(
    second?.attempts.map((attempt) => [attempt.number, attempt.round, attempt.status]),
    [
      [1, 0, "failed"],
      [2, 1, "completed"],
    ],
  );
  const { body: history } = await api.get<Page<HistoryEntry>>(`/api/runs/${run.id}/events`);
  const act = history.items.find((entry) => entry.kind === "resume");
  assert.match(act?.actor ?? "", /^local:/);
  assert.equal(act?.detail, "it is repaired");
});

test("a dry run shows what runs again and what is kept, and changes nothing", async (t) => {
  const api = await setup(t);
  const run = await failed(api);
  const { body } = await api.post<VerbPreview>(`/api/runs/${run.id}/resume`, { dryRun: true });
  assert.deepEqual([body.runsAgain, body.kept, body.status], [["second"], ["first"], "failed"]);
  const restart = await api.post<VerbPreview>(`/api/runs/${run.id}/restart`, { step: "first", dryRun: true });
  assert.deepEqual([restart.body.runsAgain, restart.body.kept], [["first", "second"], []]);
  assert.equal((await api.get<RunDetail>(`/api/runs/${run.id}`)).body.status, "failed");
});

test("an edited input goes to the failed step if that step declares an input", async (t) => {
  const api = await setup(t);
  const run = await failed(api);
  await api.post(`/api/runs/${run.id}/resume`, { input: { amount: 7 } });
  const resumed = await api.until(run.id, (seen) => seen.status === "completed");
  assert.deepEqual(resumed.steps.find((step) => step.key === "second")?.input, { amount: 7 });
  assert.deepEqual(resumed.input, { name: "Ada" });
});

test("an edited input of the run must match the definition's schema", async (t) => {
  const api = await setup(t);
  const run = await failed(api);
  const path = `/api/runs/${run.id}/restart`;
  const wrong = await api.post<Problem>(path, { step: "first", input: { name: 7 } });
  assert.deepEqual([wrong.status, wrong.body.code, wrong.body.errors?.[0]?.path], [422, "invalid-input", "input.name"]);
  await api.post(path, { step: "first", input: { name: "Bea" } });
  const again = await api.until(run.id, (seen) => seen.status === "completed");
  assert.deepEqual([again.input, again.output], [{ name: "Bea" }, "Bea"]);
  const first = again.steps.find((step) => step.key === "first");
  assert.deepEqual([first?.output, first?.attempts.length], ["Bea", 2]);
});

test("an edited input reaches a step beyond the first page of steps", async (t) => {
  const api = await setup(t);
  levers.isBroken = true;
  const run = await api.run("tail", { name: "Ada" }, (seen) => seen.status === "failed");
  levers.isBroken = false;
  const wrong = await api.post<Problem>(`/api/runs/${run.id}/restart`, { step: "turn#210", input: { name: 7 } });
  assert.deepEqual([wrong.status, wrong.body.code], [422, "invalid-input"]);
  const right = await api.post<Problem>(`/api/runs/${run.id}/resume`, { input: { amount: 7 } });
  assert.equal(right.status, 200, JSON.stringify(right.body));
  const done = await api.until(run.id, (seen) => seen.status === "completed");
  assert.deepEqual(done.output, { name: "Ada", amount: 7 });
});

test("restart requires a recorded step and lists the recorded steps", async (t) => {
  const api = await setup(t);
  const run = await failed(api);
  const none = await api.post<Problem>(`/api/runs/${run.id}/restart`, {});
  assert.deepEqual([none.status, none.body.errors], [422, [{ path: "step", message: "is required" }]]);
  const unknown = await api.post<Problem>(`/api/runs/${run.id}/restart`, { step: "tenth" });
  assert.deepEqual([unknown.status, unknown.body.code], [422, "unknown-step"]);
  assert.match(unknown.body.hint ?? "", /first, second/);
});

test("retry starts the next attempt now instead of in an hour", async (t) => {
  const api = await setup(t);
  const run = await api.run("slow", {}, (seen) => seen.status === "waiting");
  await api.post(`/api/runs/${run.id}/retry`, {});
  const done = await api.until(run.id, (seen) => seen.status === "completed");
  assert.equal(done.output, 2);
});

test("cancel of a run held by a worker returns its final state", async (t) => {
  const api = await setup(t);
  hold();
  const run = await api.run("long", {}, (seen) => seen.steps.some((step) => step.name === "hold on"));
  const { body } = await api.post<RunDetail>(`/api/runs/${run.id}/cancel`, { reason: "not wanted" });
  assert.deepEqual([body.status, body.reason?.code, body.verbs], ["cancelled", "by-person", ["rerun"]]);
  assert.match(body.reasonText ?? "", /^by local:\S+: not wanted$/);
});

test("a suspended run stays until it is resumed", async (t) => {
  const api = await setup(t);
  const run = await api.run("nap", {}, (seen) => seen.status === "waiting");
  const { body } = await api.post<RunDetail>(`/api/runs/${run.id}/suspend`, {});
  assert.equal(body.status, "suspended");
  await api.post(`/api/runs/${run.id}/resume`, {});
  await api.until(run.id, (seen) => seen.status === "waiting");
});

test("rerun starts a new run with the same or an edited input and records the original", async (t) => {
  const api = await setup(t);
  const run = await api.run("hello", { name: "Ada" });
  const { status, body } = await api.post<RunDetail>(`/api/runs/${run.id}/rerun`, { reason: "once more" });
  assert.equal(status, 201);
  assert.notEqual(body.id, run.id);
  assert.equal(body.startedBy.rerunOf, run.id);
  assert.deepEqual(body.input, { name: "Ada" });
  const edited = await api.post<RunDetail>(`/api/runs/${run.id}/rerun`, { input: { name: "Bob" } });
  assert.equal(edited.body.key, "person:Bob");
  const history = await api.get<Page<HistoryEntry>>(`/api/runs/${run.id}/events`);
  assert.deepEqual(
    history.body.items.filter(({ kind }) => kind === "rerun").map(({ actor, detail }) => [actor, detail]),
    [
      [run.startedBy.by, "once more"],
      [run.startedBy.by, null],
    ],
  );
});

test("refuses an action that the run's state does not allow with 409 and the reason", async (t) => {
  const api = await setup(t);
  const done = await api.run("hello", { name: "Ada" });
  for (const verb of ["resume", "cancel", "suspend", "retry"]) {
    const { status, body } = await api.post<Problem>(`/api/runs/${done.id}/${verb}`, {});
    assert.deepEqual([status, body.code], [409, "illegal"], verb);
    assert.match(body.detail, /cannot be \w+: its status is completed/);
  }
  const nap = await api.run("nap", {}, (seen) => seen.status === "waiting");
  assert.equal((await api.post(`/api/runs/${nap.id}/rerun`, {})).status, 409);
});

test("groups dead letters by cause", async (t) => {
  const api = await setup(t);
  const runs = [await failed(api), await failed(api)];
  const groups = await api.get<Page<DeadLetterGroup>>("/api/dead-letters");
  const [group] = groups.body.items;
  assert.equal(groups.body.items.length, 1);
  assert.deepEqual([group?.count, group?.name, group?.step, group?.sample], [2, "fragile", "second", runs[1]?.id]);
  const members = await api.get<Page<RunSummary>>(`/api/dead-letters?fingerprint=${group?.fingerprint}`);
  assert.deepEqual(
    members.body.items.map((run) => run.id),
    runs.map((run) => run.id).toReversed(),
  );
  assert.equal("stack" in (members.body.items[0]?.error ?? {}), false);
});
