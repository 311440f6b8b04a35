import assert from "node:assert/strict";
import { test } from "node:test";
import type { Definitions, DefinitionView } from "../../src/wire/definition.ts";
import type { Problem } from "../../src/wire/problem.ts";
import type { Deployment, MovedRuns } from "../../src/wire/version.ts";
import { setup } from "./setup.ts";

test("definitions show number, fingerprint, file and runs, and can be filtered by name", async (t) => {
  const api = await setup(t);
  await api.run("hello", { name: "Ada" });
  const { body } = await api.get<Definitions>("/api/definitions?name=hello");
  const [hello] = body.items as [DefinitionView];
  assert.equal(body.items.length, 1);
  assert.match(hello.fingerprint ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual(
    [hello.version, hello.file, hello.isUsed, hello.isLoaded, hello.isDrained, hello.unloadable, hello.runs],
    [1, "workflows/hello.ts", true, true, false, null, { completed: 1 }],
  );
  assert.equal((await api.get<Definitions>("/api/definitions?name=nobody")).body.items.length, 0);
});

test("a deployment reads the server's own folder, accepts no code, and keeps known version numbers", async (t) => {
  const api = await setup(t);
  const { body } = await api.post<Deployment>("/api/deployments", {});
  assert.deepEqual(
    body.items.filter(({ name }) => name === "hello").map(({ version }) => version),
    [1],
  );
  assert.match(body.problems[0]?.file ?? "", /broken\.ts$/);
  const refused = await api.post<Problem>("/api/deployments", { code: "export const evil = 1;" });
  assert.deepEqual([refused.status, refused.body.code], [422, "invalid-request"]);
  assert.equal((await api.post<Problem>("/api/deployments", { folder: "/tmp" })).status, 422);
});

test("a drained version refuses starts until it is used again", async (t) => {
  const api = await setup(t);
  const drained = await api.post<Definitions>("/api/definitions/hello/drain", { version: 1, reason: "a test" });
  assert.deepEqual([drained.body.items[0]?.isDrained, drained.body.items[0]?.isUsed], [true, false]);
  const refused = await api.post<Problem>("/api/runs", { name: "hello", input: { name: "Ada" } });
  assert.deepEqual([refused.status, refused.body.code], [422, "drained"]);
  const used = await api.post<Definitions>("/api/definitions/hello/use", { version: 1 });
  assert.deepEqual([used.body.items[0]?.isDrained, used.body.items[0]?.isUsed], [false, true]);
  assert.equal((await api.run("hello", { name: "Ada" })).status, "completed");
});

test("refuses an impossible move, use or drain with an error code", async (t) => {
  const api = await setup(t);
  const cases: readonly (readonly [string, unknown, number, string])[] = [
    ["/api/definitions/hello/use", { version: 9 }, 404, "unknown-definition"],
    ["/api/definitions/nobody/drain", { version: 1 }, 404, "unknown-definition"],
    ["/api/definitions/hello/move", { from: 1 }, 409, "illegal"],
    ["/api/definitions/hello/move", { from: 1, to: 2 }, 404, "unknown-definition"],
    ["/api/definitions/hello/use", {}, 422, "invalid-request"],
    ["/api/definitions/hello/use", { version: "1" }, 422, "invalid-request"],
    ["/api/definitions/hello/move", { from: 0 }, 422, "invalid-request"],
  ];
  for (const [path, body, status, code] of cases) {
    const answer = await api.post<Problem>(path, body);
    assert.deepEqual([answer.status, answer.body.code], [status, code], `${path} ${JSON.stringify(body)}`);
  }
});

test("a read-only server changes no version", async (t) => {
  const api = await setup(t, { readOnly: true });
  for (const path of ["/api/deployments", "/api/definitions/hello/use", "/api/definitions/hello/move"])
    assert.equal((await api.post(path, { version: 1 })).status, 405, path);
});

test("accepts a name with a slash", async (t) => {
  const api = await setup(t);
  const answer = await api.post<MovedRuns & Problem>(`/api/definitions/${encodeURIComponent("a/b c")}/drain`, {
    version: 1,
  });
  assert.deepEqual([answer.status, answer.body.code], [404, "unknown-definition"]);
  assert.match(answer.body.detail, /no versions of "a\/b c"/);
});
