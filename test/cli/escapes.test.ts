import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { RunDetail } from "../../src/wire/run.ts";
import { type CliProject, type Ended, eventually, setup } from "./baton.ts";

const definitions = `import { workflow } from "baton";
const soon = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const healthy = workflow({ name: "healthy" }, async (ctx) => {
  await ctx.step("before", () => 1);
  await ctx.step("meanwhile", () => soon(100));
  return ctx.step("after", () => 3);
});
export const offending = workflow({ name: "offending" }, (ctx) =>
  ctx.step("set a timer", () => new Promise(() => setTimeout(() => { throw new Error("too late"); }, 1))),
);
export const patient = workflow({ name: "patient" }, async (ctx) => {
  const first = ctx.step("fails", () => { throw new Error("no"); }, { retry: false });
  const late = (async () => { await first; })();
  await ctx.step("one", () => soon(5));
  await ctx.step("two", () => soon(5));
  return late.catch((error) => error.message);
});
export const careless = workflow({ name: "careless" }, async (ctx) => {
  (async () => { await ctx.step("fails", () => { throw new Error("no"); }, { retry: false }); })();
  await ctx.step("one", () => soon(5));
  return "done";
});
export const rejecting = workflow({ name: "rejecting" }, async (ctx) => {
  await ctx.step("forgets", () => { Promise.reject(new Error("too late")); return soon(50); });
  return "done";
});
const shared = [];
export const lender = workflow({ name: "lender" }, (ctx) =>
  ctx.step("lends", async () => { new Promise((_, reject) => shared.push(reject)); await soon(100); }),
);
export const breaker = workflow({ name: "breaker" }, (ctx) =>
  ctx.step("breaks", async () => { for (const reject of shared) reject(new Error("the pool is closed")); await soon(50); }),
);
`;

/** More crashes than any single run may cause. */
const crashesMax = 10;

async function post(url: string, name: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/api/runs`, { method: "POST", headers, body: JSON.stringify({ name }) });
  return ((await answer.json()) as RunDetail).id;
}

/** The run as the current server shows it; null without a server. */
async function readRun({ store }: CliProject, id: string): Promise<RunDetail | null> {
  try {
    const { url } = JSON.parse(readFileSync(`${store}.owner.json`, "utf8")) as { url: string };
    return (await (await fetch(`${url}/api/runs/${id}`)).json()) as RunDetail;
  } catch {
    return null;
  }
}

/** Restarts Baton until the run has ended; returns the crashes before that. */
async function restartUntilEnded(project: CliProject, id: string): Promise<readonly Ended[]> {
  const crashes: Ended[] = [];
  while (crashes.length < crashesMax) {
    const server = project.launch(["start"]);
    const how = await eventually("the run ends or the server crashes", async () => {
      if ((await readRun(project, id))?.endedAt != null) return "ended";
      return server.child.exitCode === null ? null : "crashed";
    });
    if (how === "ended") break;
    crashes.push(await server.ended);
  }
  return crashes;
}

test("an error that escapes a step ends the process, and only the offending run ends as a crash loop", async (t) => {
  const project = setup(t);
  project.write("workflows/escapes.ts", definitions);
  const server = await project.start();
  const healthy = await Promise.all([post(server.url, "healthy"), post(server.url, "healthy")]);
  const offending = await post(server.url, "offending");
  const { code, stderr } = await server.ended;
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^error: .* by step "set a timer" of run ${offending} of offending .*too late`, "m"));
  const crashes = await restartUntilEnded(project, offending);
  assert.ok(crashes.length < crashesMax, `it crashed ${crashes.length} more times`);
  for (const crash of crashes) assert.equal(crash.code, 1);
  assert.equal((await readRun(project, offending))?.error?.code, "crash-loop");
  for (const id of healthy) {
    const run = await readRun(project, id);
    assert.equal(run?.status, "completed");
    assert.deepEqual(
      run.steps.map((step) => step.attempts.map((attempt) => attempt.status)),
      [["completed"], ["completed"], ["completed"]],
    );
  }
});

test("a failed step that is awaited late does not end the process", async (t) => {
  const project = setup(t);
  project.write("workflows/escapes.ts", definitions);
  const server = await project.start();
  const id = await post(server.url, "patient");
  const run = await eventually("it ends", async () => {
    const seen = await readRun(project, id);
    return seen?.endedAt == null ? null : seen;
  });
  assert.deepEqual([run.status, run.output], ["completed", "no"], JSON.stringify(run.error));
  assert.match(server.lines.err, /warn: unhandled promise rejection by run run_\S+ of patient/);
});

test("a promise that a run leaves rejected fails that run and nothing else", async (t) => {
  const project = setup(t);
  project.write("workflows/escapes.ts", definitions);
  const server = await project.start();
  const ended = async (id: string): Promise<RunDetail> =>
    eventually("it ends", async () => {
      const seen = await readRun(project, id);
      return seen?.endedAt == null ? null : seen;
    });
  const healthy = await post(server.url, "healthy");
  const [careless, rejecting] = [await post(server.url, "careless"), await post(server.url, "rejecting")];
  const ignored = await ended(careless);
  assert.deepEqual([ignored.status, ignored.error?.step, ignored.error?.message], ["failed", "fails", "no"]);
  const rejected = await ended(rejecting);
  assert.deepEqual([rejected.status, rejected.error?.step], ["failed", "forgets"]);
  assert.equal(rejected.error?.code, "unhandled-rejection");
  assert.equal((await ended(healthy)).status, "completed");

  const lender = await post(server.url, "lender");
  await eventually("it has begun", async () => {
    const seen = await readRun(project, lender);
    return seen?.steps.length === 1 || seen?.endedAt != null ? seen : null;
  });
  const breaker = await post(server.url, "breaker");
  for (const id of [lender, breaker])
    assert.equal((await ended(id)).status, "completed", "neither is to blame for certain");
  assert.match(server.lines.err, /unhandled promise rejection whose run is not certain/);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(metrics, /^baton_unowned_rejections_total 1$/m);
});
