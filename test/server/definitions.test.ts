import assert from "node:assert/strict";
import { test } from "node:test";
import type { DefinitionDetail } from "../../src/wire/definition.ts";
import type { Problem } from "../../src/wire/problem.ts";
import { setup } from "./setup.ts";
import { levers } from "./workflows/hello.ts";

test("a definition shows its input schema and the results of its newest runs", async (t) => {
  const api = await setup(t);
  for (const name of ["Ada", "Bob"]) await api.run("fragile", { name });
  levers.isBroken = true;
  t.after(() => {
    levers.isBroken = false;
  });
  await api.run("fragile", { name: "Cleo" }, (run) => run.status === "failed");
  const { body } = await api.get<DefinitionDetail>("/api/definitions/fragile");
  assert.deepEqual([body.kind, body.versions.length, body.onFailure, body.queue], ["workflow", 1, "keep", null]);
  assert.deepEqual(body.inputSchema?.["required"], ["name"]);
  assert.equal(body.inputSchema?.["$schema"], "https://json-schema.org/draft/2020-12/schema");
  assert.deepEqual([body.recent.sampled, body.recent.completed, body.recent.failed], [3, 2, 1]);
  assert.ok((body.recent.p95Ms ?? -1) >= (body.recent.p50Ms ?? 0));
  assert.deepEqual(
    body.recent.steps.map(({ name, count, failed }) => [name, count, failed]),
    [
      ["first", 3, 0],
      ["second", 3, 1],
      ["third", 2, 0],
    ],
  );
});

test("a definition without a schema has none; an unknown name is not found", async (t) => {
  const api = await setup(t);
  const { body } = await api.get<DefinitionDetail>("/api/definitions/nap");
  assert.deepEqual([body.inputSchema, body.recent.p50Ms, body.schedules], [null, null, []]);
  const missing = await api.get<Problem>("/api/definitions/nobody");
  assert.deepEqual([missing.status, missing.body.code], [404, "unknown-definition"]);
});

test("a definition lists its schedules by id", async (t) => {
  const api = await setup(t);
  const { items } = (await api.get<{ items: { id: string; workflow: string }[] }>("/api/schedules")).body;
  const [first] = items;
  assert.ok(first !== undefined);
  const { body } = await api.get<DefinitionDetail>(`/api/definitions/${first.workflow}`);
  assert.ok(body.schedules.includes(first.id));
});
