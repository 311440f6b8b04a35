/** The whole checklist over HTTP, with real systems, a real Baton that is killed, and a file that is changed. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import type { Deal } from "./deal.ts";
import { readRecords, verifyOnboarding } from "./demo/verification.ts";
import { startEnvironment } from "./environment.ts";
import { makeWorkingCopy } from "./guide/working-copy.ts";
import type { RunView } from "./processes/api.ts";
import { until } from "./processes/until.ts";

interface GuideView {
  readonly steps: readonly {
    readonly id: string;
    readonly isDone: boolean;
    readonly run: string | null;
    readonly acts: readonly { readonly id: string; readonly blocked: string | null }[];
  }[];
}

interface Acted {
  readonly status: number;
  readonly text?: string;
  readonly run?: string | null;
  readonly detail?: string;
}

type Run = RunView & { readonly version: number; readonly round: number };

/** The environment of `npm start`, in its own folder and with short backoff. */
async function setup(test: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "onboarding-guide-"));
  const output: string[] = [];
  const workflowsDir = join(folder, "workflows");
  const open = () =>
    startEnvironment({
      storeFile: join(folder, "baton.db"),
      systemsDir: join(folder, "systems"),
      workflowsDir,
      restartAfterMs: 200,
      env: { BATON_PORT: "0", ONBOARDING_RETRY_ATTEMPTS: "2", ONBOARDING_RETRY_FIRST: "10ms" },
      say: (line) => output.push(line),
      onErrorLine: (line) => output.push(line),
    });
  let environment = await open();
  test.after(async () => {
    await environment.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = async <Body>(path: string, body?: unknown): Promise<{ status: number; body: Body }> => {
    const url = await until(() => environment.baton.url(), { what: "Baton is running" });
    const headers = { "content-type": "application/json" };
    const post = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, post);
    return { status: response.status, body: (await response.json()) as Body };
  };
  const stepOf = async (id: string): Promise<GuideView["steps"][number]> => {
    const { status, body } = await ask<GuideView>("/api/guide");
    assert.equal(status, 200, JSON.stringify(body));
    const step = body.steps.find((each) => each.id === id);
    assert.ok(step !== undefined);
    return step;
  };
  const runOf = async (id: string): Promise<Run> => (await ask<Run>(`/api/runs/${id}`)).body;
  return {
    output,
    file: join(workflowsDir, "customer-onboarding.ts"),
    environment: () => environment,
    reopen: async () => {
      await environment.stop();
      environment = await open();
    },
    ask,
    stepOf,
    runOf,
    guide: async () => (await ask<GuideView>("/api/guide")).body,
    done: async () =>
      (await ask<GuideView>("/api/guide")).body.steps.filter(({ isDone }) => isDone).map(({ id }) => id),
    whyBlocked: async (act: string): Promise<string | null | undefined> =>
      (await ask<GuideView>("/api/guide")).body.steps.flatMap(({ acts }) => acts).find(({ id }) => id === act)?.blocked,
    act: async (id: string): Promise<Acted> => {
      const { status, body } = await ask<Acted>(`/api/guide/${id}`, {});
      return { ...body, status };
    },
    ended: (id: string, status: string): Promise<Run> =>
      until(
        async () => {
          const run = await runOf(id).catch(() => null);
          return run?.status === status ? run : null;
        },
        { what: `run ${id} is ${status}` },
      ),
    verify: async (run: Run): Promise<void> => {
      const records = await readRecords(environment.systems.urls, run.input as Deal);
      assert.deepEqual(
        verifyOnboarding(records).filter(({ isVerified }) => !isVerified),
        [],
      );
    },
  };
}

it("the guide shows a failure, a resume, a kill and a code change, all of them real", async (test) => {
  const guide = await setup(test);
  const { act, done, ended, stepOf, whyBlocked } = guide;
  const original = readFileSync(guide.file, "utf8");
  assert.deepEqual(await done(), []);
  assert.equal(await whyBlocked("repair"), "the product service is not broken");
  assert.match((await whyBlocked("remove-step")) ?? "", /does not have the step "announce customer"/);
  assert.equal((await act("repair")).status, 409);

  const started = await act("start");
  assert.equal(started.status, 200, JSON.stringify(started));
  await guide.verify(await ended(started.run ?? "", "completed"));
  assert.deepEqual(await done(), ["onboard"]);
  assert.equal((await stepOf("onboard")).run, started.run);

  const broken = await act("break");
  assert.equal(broken.status, 200, JSON.stringify(broken));
  const failed = await ended(broken.run ?? "", "failed");
  assert.deepEqual(
    failed.steps.map(({ name, status, attempts }) => [name, status, attempts.length]),
    [
      ["create project", "completed", 1],
      ["provision account", "failed", 2],
    ],
  );
  assert.deepEqual(await done(), ["onboard", "break"]);
  assert.equal(await whyBlocked("break"), "the product service is already broken");
  for (const id of ["start", "kill", "add-step"])
    assert.equal(await whyBlocked(id), "the product service is broken: repair it first");
  assert.equal((await act("kill")).detail, "the product service is broken: repair it first");

  const repaired = await act("repair");
  assert.deepEqual([repaired.status, repaired.run], [200, broken.run]);
  assert.deepEqual(await done(), ["onboard", "break"]);
  assert.equal((await guide.ask(`/api/runs/${broken.run}/resume`, {})).status, 200);
  const resumed = await ended(broken.run ?? "", "completed");
  assert.deepEqual([resumed.round, resumed.steps[0]], [1, failed.steps[0]]);
  await guide.verify(resumed);
  assert.deepEqual(await done(), ["onboard", "break", "resume"]);

  const { pid, url } = guide.environment().baton;
  const [pidBefore, urlBefore] = [pid(), url()];
  const killed = await act("kill");
  assert.equal(killed.status, 200, JSON.stringify(killed));
  await until(() => pid() !== pidBefore && url() !== null, { what: "Baton is back" });
  assert.equal(url(), urlBefore);
  assert.ok(guide.output.some((line) => line.startsWith(`Baton (pid ${pidBefore}) was killed`)));
  const survived = await ended(killed.run ?? "", "completed");
  assert.deepEqual(
    survived.steps.find(({ name }) => name === "provision account")?.attempts.map(({ status }) => status),
    ["lost", "completed"],
  );
  await guide.verify(survived);
  assert.deepEqual(await done(), ["onboard", "break", "resume", "kill"]);

  const changed = await act("add-step");
  assert.equal(changed.status, 200, JSON.stringify(changed));
  const [newer, older] = await changes(guide);
  assert.deepEqual([newer?.version, older?.version, older?.status], [2, 1, "waiting"]);
  assert.equal(changed.run, newer?.id);
  assert.deepEqual(await done(), ["onboard", "break", "resume", "kill"]);
  await guide.ask(`/api/runs/${older?.id}/retry`, {});
  const after = await ended(newer?.id ?? "", "completed");
  const before = await ended(older?.id ?? "", "completed");
  assert.deepEqual([before.steps.length, after.steps.at(-1)?.name], [5, "announce customer"]);
  assert.deepEqual(await done(), ["onboard", "break", "resume", "kill", "change"]);

  assert.match((await whyBlocked("add-step")) ?? "", /already has the step "announce customer"/);
  const undone = await act("remove-step");
  assert.equal((await guide.runOf(undone.run ?? "")).version, 1);
  assert.equal(readFileSync(guide.file, "utf8"), original);

  rmSync(guide.file);
  assert.match(
    (await whyBlocked("add-step")) ?? "",
    /customer-onboarding\.ts does not exist: run npm start to create it/,
  );
  writeFileSync(guide.file, original);

  const shown = await guide.guide();
  await guide.reopen();
  assert.deepEqual(await guide.guide(), shown);
});

/** The two newest runs that the code change has started. */
async function changes({ ask }: Awaited<ReturnType<typeof setup>>): Promise<readonly Run[]> {
  return (await ask<{ items: Run[] }>("/api/runs?attribute=guide%3Dchange&limit=2")).body.items;
}

it("the working copy is the example's workflow, and an existing copy is kept", (test) => {
  const folder = mkdtempSync(join(tmpdir(), "onboarding-copy-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = makeWorkingCopy(join(folder, "workflows"));
  const lines = (path: string): string[] =>
    readFileSync(path, "utf8").slice(readFileSync(path, "utf8").indexOf("/** Short, so that")).split("\n");
  assert.deepEqual(lines(file), lines(join(import.meta.dirname, "workflow.ts")));
  const { mtimeMs } = statSync(file);
  makeWorkingCopy(join(folder, "workflows"));
  assert.equal(statSync(file).mtimeMs, mtimeMs);
});
