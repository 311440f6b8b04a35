import assert from "node:assert/strict";
import { test } from "node:test";
import { workflow } from "baton";
import { openTestBaton } from "baton/testing";
import { createServer } from "../../src/server/server.ts";
import type { RunDetail } from "../../src/wire/run.ts";

test("a run shows every attempt of each step weeks later", async () => {
  const onboard = workflow({ name: "onboard" }, async (ctx, deal: { id: string }) => {
    const project = await ctx.step("create project", (attempt) => ({ id: `P-${attempt.input.id}` }), { input: deal });
    return ctx.step(
      "provision account",
      (attempt) => {
        if (attempt.number < 3)
          throw Object.assign(new Error(`answered 503, number ${attempt.number}`), { code: "http-503" });
        return { account: project.id };
      },
      { retry: { attempts: 5, first: "1m" } },
    );
  });
  const kit = await openTestBaton({ definitions: [onboard] });
  const handle = await kit.start(onboard, { id: "8841" });
  await handle.result();
  await kit.advance("21d");
  const server = createServer({
    engine: kit.baton.engine,
    clock: kit.clock,
    logger: { log: () => {} },
    actor: "test",
    pid: process.pid,
    about: { version: "0", node: "v26", zone: "UTC", store: { kind: "sqlite", address: ":memory:" } },
    feed: { watch: () => {}, subscribe: () => () => {} },
    hosts: () => ["localhost"],
    loaded: () => ({ from: "test", problems: [] }),
  });
  const answer = await server.fetch(
    new Request(`http://localhost/api/runs/${handle.id}`, { headers: { host: "localhost" } }),
  );
  const run = (await answer.json()) as RunDetail;
  assert.equal(answer.status, 200);
  assert.deepEqual([run.status, run.input, run.output], ["completed", { id: "8841" }, { account: "P-8841" }]);
  assert.deepEqual(
    run.steps.map((step) => [step.name, step.status, step.input, step.output, step.error]),
    [
      ["create project", "completed", { id: "8841" }, { id: "P-8841" }, null],
      ["provision account", "completed", null, { account: "P-8841" }, null],
    ],
  );
  const [first, second] = run.steps;
  assert.deepEqual(
    first?.attempts.map((attempt) => attempt.status),
    ["completed"],
  );
  assert.deepEqual(
    second?.attempts.map((attempt) => [attempt.number, attempt.status, attempt.error?.code ?? null]),
    [
      [1, "failed", "http-503"],
      [2, "failed", "http-503"],
      [3, "completed", null],
    ],
  );
  await kit.close();
});
