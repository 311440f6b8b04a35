import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setup } from "./setup.ts";

test("only reveal returns a sensitive value, and the history records it", async (t) => {
  const store = mkdtempSync(join(tmpdir(), "baton-server-"));
  writeFileSync(join(store, "baton.db.key"), "0123456789abcdef0123456789abcdef", { mode: 0o600 });
  const api = await setup(t, { store });
  const run = await api.run("secret", { user: "ada", card: "4111-1111-1111-1111" }, (seen) => seen.status === "failed");
  const paths = [
    `/api/runs/${run.id}`,
    `/api/runs/${run.id}/steps`,
    `/api/runs/${run.id}/logs`,
    `/api/runs/${run.id}/history`,
    `/api/runs/${run.id}/result`,
    `/api/runs/${run.id}/payloads/input`,
    `/api/runs/${run.id}/payloads/step:1`,
    "/api/runs",
    "/api/runs?q=nobody",
    "/api/runs/export?format=csv",
    "/api/runs/export?format=ndjson",
    `/api/runs/${run.id}/events`,
    "/api/home",
    "/api/audit",
    "/api/definitions/secret",
    "/api/dead-letters",
    "/metrics",
  ];
  for (const path of paths) {
    const text = await (await fetch(`${api.url}${path}`)).text();
    for (const value of ["tr0ub4dor-and-3", "4111-1111-1111-1111", "$sealed"])
      assert.ok(!text.includes(value), `${path} shows ${value}`);
  }
  assert.deepEqual(run.input, { user: "ada", card: { sensitive: true } });
  assert.deepEqual(run.steps[0]?.output, { login: "ada", password: { sensitive: true } });
  assert.equal(run.error?.message, "nobody accepts [redacted]");
  assert.deepEqual((await api.post(`/api/runs/${run.id}/reveal`, { step: "make", reason: "ticket 7" })).body, {
    run: run.id,
    value: { login: "ada", password: "tr0ub4dor-and-3" },
  });
  assert.equal((await api.post(`/api/runs/${run.id}/reveal`, {})).status, 422);
  const { body: history } = await api.get(`/api/runs/${run.id}/events`);
  assert.match(JSON.stringify(history), /"reveal".*step make: ticket 7/);
  const again = await api.post<{ id: string }>(`/api/runs/${run.id}/rerun`, {});
  assert.equal(again.status, 201);
  const rerun = await api.until(again.body.id, (seen) => seen.status === "failed");
  assert.deepEqual(rerun.input, run.input, "the new run has its own readable input");
});
