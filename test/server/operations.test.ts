import assert from "node:assert/strict";
import { test } from "node:test";
import { routes } from "../../src/server/routes/table.ts";
import type { Counts, Definitions } from "../../src/wire/definition.ts";
import { setup } from "./setup.ts";

test("health reports the process, readiness also the store", async (t) => {
  const api = await setup(t);
  assert.deepEqual((await api.get("/healthz")).body, { status: "ok", pid: process.pid });
  assert.equal((await api.get("/readyz")).status, 200);
});

test("metrics are Prometheus text", async (t) => {
  const api = await setup(t);
  await api.run("hello", { name: "Ada" });
  const { body, headers } = await api.get<string>("/metrics");
  assert.match(headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(body, /^baton_runs\{name="hello",version="1",kind="workflow",status="completed"\} 1$/m);
  assert.match(body, /^baton_step_results_total 2$/m);
  assert.match(body, /^baton_queue_age_seconds 0$/m);
  assert.match(body, /^baton_store_bytes \d{4,}$/m);
  assert.match(body, /^baton_commit_seconds_count [1-9]/m);
  for (const line of body.trimEnd().split("\n"))
    assert.match(line, /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{[^}]*\})? [\d.e+-]+)$/, line);
});

test("definitions list what is loaded, and files that failed to load with their line", async (t) => {
  const api = await setup(t);
  const { body } = await api.get<Definitions>("/api/definitions");
  assert.ok(body.items.every((definition) => definition.isLoaded));
  assert.deepEqual(body.items.find((each) => each.name === "onboarded")?.triggers, ["deal.won"]);
  assert.match(body.loadedFrom, /workflows$/);
  const [problem] = body.problems;
  assert.match(problem?.file ?? "", /broken\.ts$/);
  assert.deepEqual([problem?.line, problem?.message], [4, "the token is missing"]);
});

test("counts runs by definition version and status", async (t) => {
  const api = await setup(t);
  await api.run("hello", { name: "Ada" });
  await api.run("hello", { name: "Bob" });
  const { body } = await api.get<Counts>("/api/counts");
  assert.deepEqual(body.items, [{ name: "hello", version: 1, kind: "workflow", status: "completed", count: 2 }]);
});

test("the API document is OpenAPI 3.1 and has every route with its scope", async (t) => {
  const api = await setup(t);
  type Document = {
    openapi: string;
    paths: Record<string, Record<string, { "x-baton-scope": string }>>;
    components: { schemas: object };
  };
  const { body } = await api.get<Document>("/openapi.json");
  assert.equal(body.openapi, "3.1.0");
  for (const route of routes) {
    assert.equal(body.paths[route.path]?.[route.method.toLowerCase()]?.["x-baton-scope"], route.scope, route.path);
  }
  const text = JSON.stringify(body);
  for (const [, name = ""] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g))
    assert.ok(name in body.components.schemas, name);
  assert.equal(new Set(routes.map((route) => route.id)).size, routes.length);
});

test("every unsafe method requires a write scope", () => {
  for (const route of routes.filter((each) => each.method === "POST")) assert.match(route.scope, /:write$/, route.path);
});
