import assert from "node:assert/strict";
import { it } from "node:test";
import type { DoctorReport } from "../../src/wire/doctor.ts";
import type { Problem } from "../../src/wire/problem.ts";
import type { RunDetail } from "../../src/wire/run.ts";
import type { ErasureView, StoreSizesView } from "../../src/wire/store.ts";
import { setup } from "./setup.ts";

it("the doctor's report has a level and lists what it checked", async (t) => {
  const api = await setup(t);
  await api.run("hello", { name: "Ada" });
  for (const path of ["/api/doctor", "/api/doctor?full=true"]) {
    const { status, body } = await api.get<DoctorReport>(path);
    assert.equal(status, 200);
    assert.notEqual(body.level, "bad");
    assert.ok(body.findings.some((each) => each.code === "queue" && each.level === "ok"));
    assert.deepEqual(body.repairs, []);
  }
  const repaired = await api.post<DoctorReport>("/api/doctor/repair", { reason: "to be sure" });
  assert.equal(repaired.status, 200);
  assert.deepEqual(repaired.body.repairs, []);
});

it("store sizes are exact while every run is sampled", async (t) => {
  const api = await setup(t);
  await api.run("hello", { name: "Ada" });
  await api.run("fragile", { name: "x".repeat(10_000) });
  const { body } = await api.get<StoreSizesView>("/api/db/stats");
  const [largest] = body.definitions;
  assert.equal(largest?.definition, "fragile");
  assert.equal(largest?.runs, 1);
  assert.equal(largest?.isEstimate, false);
  assert.equal(largest?.startedLastDay, 1);
  assert.ok((largest?.payloadBytes ?? 0) > 10_000);
  assert.equal(largest?.grownLastDay, largest?.bytes);
  assert.ok(body.bytes > 0);
});

it("exports a run, imports it as ended, and erases it without its copy", async (t) => {
  const api = await setup(t);
  const run = await api.run("hello", { name: "Ada" });
  const { body: fixture } = await api.get<{ run: { id: string } }>(`/api/runs/${run.id}/export`);
  assert.equal(fixture.run.id, run.id);
  const imported = await api.post<RunDetail>("/api/imports", { fixture, reason: "from elsewhere" });
  assert.equal(imported.status, 201);
  assert.equal(imported.headers.get("location"), `/api/runs/${imported.body.id}`);
  assert.equal(imported.body.startedBy.importedFrom, run.id);
  assert.equal(imported.body.status, "completed");
  const seen = await api.post<ErasureView>("/api/erase", { run: run.id, dryRun: true });
  assert.deepEqual(seen.body.ids, [run.id]);
  const erased = await api.post<ErasureView>("/api/erase", { run: run.id, reason: "asked for" });
  assert.equal(erased.body.runs, 1);
  assert.equal((await api.get(`/api/runs/${run.id}`)).status, 404);
  assert.equal((await api.get(`/api/runs/${imported.body.id}`)).status, 200);
});

const refusals: readonly (readonly [string, string, unknown, number, string])[] = [
  ["an erasure of nothing", "/api/erase", {}, 422, "invalid-option"],
  ["an erasure of two things", "/api/erase", { run: "a", key: "b" }, 422, "invalid-option"],
  ["an erasure of an unknown run", "/api/erase", { run: "run_none" }, 404, "not-found"],
  ["an import of something other than a fixture", "/api/imports", { fixture: { a: 1 } }, 422, "invalid-fixture"],
  ["an import without a fixture", "/api/imports", {}, 422, "invalid-request"],
];
for (const [name, path, body, status, code] of refusals) {
  it(`${name} is refused`, async (t) => {
    const api = await setup(t);
    const answer = await api.post<Problem>(path, body);
    assert.equal(answer.body.code, code);
    assert.equal(answer.status, status);
  });
}

it("a read-only server checks and measures, but repairs and erases nothing", async (t) => {
  const api = await setup(t, { readOnly: true });
  assert.equal((await api.get("/api/doctor")).status, 200);
  assert.equal((await api.get("/api/db/stats")).status, 200);
  for (const path of ["/api/doctor/repair", "/api/erase", "/api/imports"])
    assert.equal((await api.post<Problem>(path, {})).body.code, "read-only");
});
