import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { RunDetail } from "../../src/wire/run.ts";
import { type Ended, eventually, type Place, setup } from "./baton.ts";

const definitions = `import { workflow } from "baton";
const soon = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const healthy = workflow({ name: "healthy" }, async (ctx) => {
  await ctx.step("before", () => 1);
  await ctx.step("meanwhile", () => soon(100));
  return ctx.step("after", () => 3);
});
export const guilty = workflow({ name: "guilty" }, (ctx) =>
  ctx.step("light the fuse", () => new Promise(() => setTimeout(() => { throw new Error("too late"); }, 1))),
);
export const patient = workflow({ name: "patient" }, async (ctx) => {
  const first = ctx.step("fails", () => { throw new Error("no"); }, { retry: false });
  const late = (async () => { await first; })();
  await ctx.step("one", () => soon(5));
  await ctx.step("two", () => soon(5));
  return late.catch((error) => error.message);
});
`;

/** More than any run may cost that kills its process. */
const deathsMax = 10;

async function post(url: string, name: string): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/api/runs`, { method: "POST", headers, body: JSON.stringify({ name }) });
  return ((await answer.json()) as RunDetail).id;
}

/** The run as whoever serves the store tells it; null while nobody does. */
async function look({ store }: Place, id: string): Promise<RunDetail | null> {
  try {
    const { url } = JSON.parse(readFileSync(`${store}.owner.json`, "utf8")) as { url: string };
    return (await (await fetch(`${url}/api/runs/${id}`)).json()) as RunDetail;
  } catch {
    return null;
  }
}

/** Starts Baton again until a run of its has ended; gives how often it has died before. */
async function restartUntilEnded(place: Place, id: string): Promise<readonly Ended[]> {
  const deaths: Ended[] = [];
  while (deaths.length < deathsMax) {
    const server = place.launch(["start"]);
    const how = await eventually("the run ends or the server dies", async () => {
      if ((await look(place, id))?.endedAt != null) return "ended";
      return server.child.exitCode === null ? null : "dead";
    });
    if (how === "ended") break;
    deaths.push(await server.ended);
  }
  return deaths;
}

test("an error that escapes from a step ends the process, and the guilty run alone ends as a crash loop", async (t) => {
  const place = setup(t);
  place.write("workflows/escapes.ts", definitions);
  const server = await place.start();
  const healthy = await Promise.all([post(server.url, "healthy"), post(server.url, "healthy")]);
  const guilty = await post(server.url, "guilty");
  const { code, stderr } = await server.ended;
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^error: .* by step "light the fuse" of run ${guilty} of guilty .*too late`, "m"));
  const deaths = await restartUntilEnded(place, guilty);
  assert.ok(deaths.length < deathsMax, `it died ${deaths.length} times more`);
  for (const death of deaths) assert.equal(death.code, 1);
  assert.equal((await look(place, guilty))?.error?.code, "crash-loop");
  for (const id of healthy) {
    const run = await look(place, id);
    assert.equal(run?.status, "completed");
    assert.deepEqual(
      run.steps.map((step) => step.attempts.map((attempt) => attempt.status)),
      [["completed"], ["completed"], ["completed"]],
    );
  }
});

test("a failed step that is awaited late does not end the process", async (t) => {
  const place = setup(t);
  place.write("workflows/escapes.ts", definitions);
  const server = await place.start();
  const id = await post(server.url, "patient");
  const run = await eventually("it ends", async () => {
    const seen = await look(place, id);
    return seen?.endedAt == null ? null : seen;
  });
  assert.deepEqual([run.status, run.output], ["completed", "no"]);
  assert.match(server.lines.err, /warn: workflow patient did not await a step that failed/);
});
