import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Graph, VersionDiff } from "../../src/wire/graph.ts";
import type { Problem } from "../../src/wire/problem.ts";
import { payText } from "../versions/pay.ts";
import { setup } from "./setup.ts";

test("reads a definition's graph from its source, with names, options and the number of results", async (t) => {
  const api = await setup(t);
  const { body } = await api.get<Graph>("/api/definitions/fragile/graph");
  assert.deepEqual(
    body.nodes.map(({ kind, label, step }) => [kind, label, step]),
    [
      ["start", "fragile", null],
      ["step", "first", "first"],
      ["step", "second", "second"],
      ["step", "third", "third"],
      ["end", "end", null],
    ],
  );
  assert.deepEqual([body.version, body.stepTotal, body.gaps], [1, 3, []]);
  assert.equal(body.nodes[2]?.options, "{ input: { amount: 1 } }");
  assert.equal(body.edges.length, 4);
  const again = await api.get<Graph>("/api/definitions/fragile/graph?version=1");
  assert.deepEqual(again.body, body);
});

test("a loop has no fixed number of results", async (t) => {
  const api = await setup(t);
  const { body } = await api.get<Graph>("/api/definitions/loop/graph");
  assert.deepEqual(
    body.nodes.filter(({ kind }) => kind === "loop").map(({ label }) => label),
    ["while i < count", 'items of ["a", "b"]'],
  );
  assert.equal(body.stepTotal, null);
});

test("distinguishes an unknown version from an unknown name", async (t) => {
  const api = await setup(t);
  const version = await api.get<Problem>("/api/definitions/hello/graph?version=9");
  assert.deepEqual([version.status, version.body.code], [404, "not-found"]);
  const name = await api.get<Problem>("/api/definitions/nobody/graph");
  assert.equal(name.body.code, "unknown-definition");
});

test("a version compared with itself has no changes", async (t) => {
  const api = await setup(t);
  const { body } = await api.get<VersionDiff>("/api/definitions/fragile/diff?a=1&b=1");
  assert.deepEqual(
    body.steps.map(({ step, change }) => [step, change]),
    [
      ["first", "same"],
      ["second", "same"],
      ["third", "same"],
    ],
  );
  assert.deepEqual([body.isInputChanged, body.inFlight], [false, 0]);
  assert.match(body.source?.a ?? "", /^async \(ctx, \{ name \}\) => \{/);
});

test("compares two versions by their bundles, even if one is no longer loaded", async (t) => {
  const project = mkdtempSync(join(tmpdir(), "baton-diff-"));
  t.after(() => rmSync(project, { recursive: true, force: true }));
  const workflows = join(project, "workflows");
  mkdirSync(workflows);
  mkdirSync(join(project, "node_modules"));
  symlinkSync(join(import.meta.dirname, "../.."), join(project, "node_modules", "baton"));
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(workflows, "pay.ts"), payText({ mark: "first" }));
  const api = await setup(t, { workflows });
  await api.run("pay", { id: "o-1", amount: 3 }, (run) => run.status === "waiting");
  writeFileSync(join(workflows, "pay.ts"), payText({ mark: "second", hasCheck: true, hasReceipt: true }));
  assert.equal((await api.post("/api/deployments", {})).status, 200);
  const { body } = await api.get<VersionDiff>("/api/definitions/pay/diff?a=1&b=2");
  assert.deepEqual(
    body.steps.map(({ step, change }) => `${step} ${change}`),
    ["reserve same", "fraud check added", "charge same", "go same", "ship same", "receipt added"],
  );
  assert.deepEqual([body.inFlight, body.isInputChanged], [1, false]);
  assert.match(body.source?.a ?? "", /"first"/);
  const graph = await api.get<Graph>("/api/definitions/pay/graph");
  assert.deepEqual([graph.body.version, graph.body.stepTotal], [2, 6]);
  assert.equal((await api.get<Graph>("/api/definitions/pay/graph?version=1")).body.stepTotal, 4);
});
