import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type GuideActionSource, type GuideSource, openGuide } from "../../src/app/guide.ts";
import { loadConfig } from "../../src/app/load-config.ts";
import type { Guide, GuideActed } from "../../src/wire/guide.ts";
import type { Page } from "../../src/wire/page.ts";
import type { Problem } from "../../src/wire/problem.ts";
import type { RunDetail, RunSummary } from "../../src/wire/run.ts";
import { setup } from "./setup.ts";

const runs = "/api/runs?name=hello";

/** A guide of one step that a run of `hello` completes, with these actions in addition to the one that starts it. */
function guideOf(...acts: readonly GuideActionSource[]): GuideSource {
  const start: GuideActionSource = {
    id: "start",
    label: "Start it",
    act: async (api) => {
      const run = await api.post<RunDetail>("/api/runs", { name: "hello", input: { name: "Ada" } });
      return { text: "a run was started", run: run.id };
    },
  };
  return {
    title: "First steps",
    intro: "One action.",
    steps: [
      {
        id: "first",
        title: "Start a run",
        text: "It ends by itself.",
        isDone: async (api) => (await api.get<Page<RunSummary>>(runs)).items.length > 0,
        run: async (api) => (await api.get<Page<RunSummary>>(runs)).items[0]?.id ?? null,
        acts: [start, ...acts],
      },
    ],
  };
}

function open(t: TestContext, acts: readonly GuideActionSource[], settings: { readOnly?: boolean } = {}) {
  return setup(t, { ...settings, guide: guideOf(...acts) });
}

test("without a guide in the config file, the response explains how to add one", async (t) => {
  const api = await setup(t);
  for (const answer of [await api.get<Problem>("/api/guide"), await api.post<Problem>("/api/guide/start", {})]) {
    assert.deepEqual([answer.status, answer.body.code], [404, "not-found"]);
    assert.match(answer.body.hint ?? "", /guide in the config file/);
  }
});

test("an action calls this server's own API, and the step is done when the store shows it", async (t) => {
  const api = await open(t, []);
  const before = (await api.get<Guide>("/api/guide")).body;
  assert.deepEqual(before, {
    title: "First steps",
    intro: "One action.",
    steps: [
      {
        id: "first",
        title: "Start a run",
        text: "It ends by itself.",
        isDone: false,
        acts: [{ id: "start", label: "Start it", blocked: null }],
        run: null,
      },
    ],
  });
  const { status, body } = await api.post<GuideActed>("/api/guide/start", {});
  assert.deepEqual([status, body.text], [200, "a run was started"]);
  const [step] = (await api.get<Guide>("/api/guide")).body.steps;
  assert.deepEqual([step?.isDone, step?.run], [true, body.run]);
  assert.equal((await api.until(body.run ?? "", (run) => run.endedAt !== null)).status, "completed");
});

test("a blocked action shows the reason and does nothing", async (t) => {
  let count = 0;
  const act = { label: "Never", act: () => ({ text: String(++count), run: null }) };
  const api = await open(t, [
    { ...act, id: "blocked", blocked: () => "there is nothing to repair" },
    {
      ...act,
      id: "unsure",
      blocked: () => {
        throw new Error("the service does not answer");
      },
    },
  ]);
  const [step] = (await api.get<Guide>("/api/guide")).body.steps;
  assert.deepEqual(
    step?.acts.map(({ blocked }) => blocked),
    [null, "there is nothing to repair", "the service does not answer"],
  );
  const { status, body } = await api.post<Problem>("/api/guide/blocked", {});
  assert.deepEqual([status, body.code, body.detail], [409, "illegal", "there is nothing to repair"]);
  assert.equal((await api.post("/api/guide/unsure", {})).status, 409);
  assert.equal(count, 0);
});

test("an unknown action is not found", async (t) => {
  const api = await open(t, []);
  const { status, body } = await api.post<Problem>("/api/guide/nothing", {});
  assert.deepEqual([status, body.code, body.hint], [404, "not-found", "its actions are start"]);
});

test("an action that throws returns a problem with its causes; an API refusal keeps its code", async (t) => {
  const api = await open(t, [
    {
      id: "throws",
      label: "Break it",
      act: () => {
        throw new Error("provisioning is away", { cause: new Error("ECONNREFUSED") });
      },
    },
    { id: "refused", label: "Ask for nothing", act: (own) => own.get("/api/runs/run_nothing") },
  ]);
  const { status, body } = await api.post<Problem>("/api/guide/throws", {});
  assert.deepEqual([status, body.code], [500, "internal"]);
  assert.equal(body.detail, '"Break it" failed: provisioning is away');
  assert.deepEqual(body.details?.["causes"], ["provisioning is away", "ECONNREFUSED"]);
  const refused = await api.post<Problem>("/api/guide/refused", {});
  assert.deepEqual([refused.status, refused.body.code], [404, "not-found"]);
});

test("runs concurrent actions one after the other", async (t) => {
  let running = 0;
  const seen: number[] = [];
  const api = await open(t, [
    {
      id: "slow",
      label: "Slowly",
      act: async (own) => {
        running += 1;
        await own.get("/healthz");
        seen.push(running);
        running -= 1;
        return { text: "done", run: null };
      },
    },
  ]);
  await Promise.all([1, 2, 3].map(() => api.post("/api/guide/slow", {})));
  assert.deepEqual(seen, [1, 1, 1]);
});

test("a read-only server shows the guide and runs none of its actions", async (t) => {
  const api = await open(t, [], { readOnly: true });
  const [step] = (await api.get<Guide>("/api/guide")).body.steps;
  assert.equal(step?.acts[0]?.blocked, "this server is read-only");
  const { status, body } = await api.post<Problem>("/api/guide/start", {});
  assert.deepEqual([status, body.code], [405, "read-only"]);
});

test("refuses an action id that is used twice or invalid in a URL", () => {
  const parts = { fetch: () => new Response(), hosts: () => [], isReadOnly: false };
  const act = { label: "", act: () => ({ text: "", run: null }) };
  for (const id of ["start", "a/b", ""]) {
    assert.throws(() => openGuide({ ...parts, source: guideOf({ ...act, id }) }), {
      code: "invalid-config",
      message: `guide: the id ${JSON.stringify(id)} is not valid in a URL, or is used twice`,
    });
  }
});

test("a config file can contain a guide", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "baton-guide-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "baton.config.mjs");
  writeFileSync(file, 'export default { guide: { title: "T", intro: "I", steps: [] } };\n');
  assert.equal((await loadConfig({ config: file }, {})).given.guide?.title, "T");
});
