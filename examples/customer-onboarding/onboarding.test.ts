/** Runs the example as a user does: with its own commands, in an empty folder, with real processes. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { it, type TestContext } from "node:test";
import type { Deal } from "./deal.ts";
import { followRun } from "./demo/follow.ts";
import { readRecords, verifyOnboarding } from "./demo/verification.ts";
import { readRun } from "./processes/api.ts";
import { isHealthy, type Owner, readOwner } from "./processes/baton.ts";
import { type Child, type Exit, startChild } from "./processes/child.ts";
import { until } from "./processes/until.ts";
import { readSystemUrls, type SystemUrls } from "./systems/directory.ts";

/** Longer than the demo waits for Baton to stop. */
const STOP_GRACE_MS = 20_000;

/** Runs commands of the example in their own folder, with short backoff. */
function setup(test: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), "onboarding-demo-"));
  const env = {
    BATON_PORT: "0",
    BATON_STORE: undefined,
    ONBOARDING_SYSTEMS: undefined,
    ONBOARDING_RETRY_ATTEMPTS: "2",
    ONBOARDING_RETRY_FIRST: "10ms",
  };
  const owner = (): Owner | null => readOwner(join(cwd, "baton.db"));
  const started: Child[] = [];
  const start = (script: string, ...flags: string[]): { child: Child; lines: string[] } => {
    const lines: string[] = [];
    const args = ["--conditions=source", join(import.meta.dirname, script), ...flags];
    const child = startChild({ args, cwd, env, onLine: (line) => lines.push(line.trim()) });
    started.push(child);
    return { child, lines };
  };
  test.after(async () => {
    await Promise.all(started.map((child) => child.end(STOP_GRACE_MS)));
    rmSync(cwd, { recursive: true, force: true });
  });
  return {
    cwd,
    start,
    run: async (script: string, ...flags: string[]): Promise<Exit & { lines: string[] }> => {
      const { child, lines } = start(script, ...flags);
      return { ...(await child.exited), lines };
    },
    owner,
    findUrl: () => owner()?.url ?? null,
    systemUrls: (): SystemUrls => readSystemUrls(join(cwd, ".baton/systems/systems.json")),
  };
}

/** The run that a command printed. */
function runIdIn(lines: readonly string[]): string {
  const id = /run_[\w-]+/.exec(lines.join("\n"))?.[0];
  assert.ok(id !== undefined, `no run id in:\n${lines.join("\n")}`);
  return id;
}

it("npm start -- --once onboards a customer in all five systems and exits", async (test) => {
  const { run } = setup(test);
  const { code, lines } = await run("start.ts", "--once");
  assert.equal(code, 0, lines.join("\n"));
  assert.equal(lines.filter((line) => / verified /.test(line)).length, 5, lines.join("\n"));
});

it("the customer's password is neither in Baton's files nor in its output, in any usual encoding", async (test) => {
  const { run, cwd } = setup(test);
  const { lines } = await run("start.ts", "--once");
  const passwords = passwordsIn(join(cwd, ".baton/systems"));
  assert.equal(passwords.length, 1);
  const files = readdirSync(cwd).filter((name) => name.startsWith("baton.db"));
  const kept = files.filter((name) => statSync(join(cwd, name)).isFile());
  assert.ok(kept.includes("baton.db"));
  const texts = [lines.join("\n"), ...kept.map((name) => readFileSync(join(cwd, name), "latin1"))];
  for (const password of passwords) {
    for (const form of formsOf(password))
      assert.ok(!texts.some((text) => text.includes(form)), `${form} was stored or printed`);
  }
});

/** The passwords that the provisioning system created. */
function passwordsIn(folder: string): string[] {
  const db = new DatabaseSync(join(folder, "provisioning", "state.db"), { readOnly: true });
  const rows = db.prepare("select password from accounts").all() as { password: string }[];
  db.close();
  return rows.map((row) => row.password);
}

/** As plain text, in upper case, in hexadecimal, URL-encoded, and in base64 at any offset. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(4, -4),
  );
  return [value, value.toUpperCase(), bytes.toString("hex"), encodeURIComponent(value), ...shifted];
}

it("a broken onboarding keeps its project, survives a kill of Baton, and resumes at provisioning", async (test) => {
  const { start, run, owner, findUrl, systemUrls } = setup(test);
  const demo = start("start.ts");
  await until(() => demo.lines.some((line) => line.startsWith("Press Ctrl-C")), { what: "the demo is ready" });

  const broken = await run("onboard.ts", "--break");
  assert.equal(broken.code, 0, broken.lines.join("\n"));
  const id = runIdIn(broken.lines);
  const failed = await readRun(findUrl, id);
  assert.ok(failed !== null);
  assert.equal(failed.status, "failed");
  assert.equal(failed.error?.step, "provision account");
  assert.deepEqual(
    failed.steps.map((step) => [step.name, step.status]),
    [
      ["create project", "completed"],
      ["provision account", "failed"],
    ],
  );

  const killedPid = owner()?.pid ?? 0;
  process.kill(killedPid, "SIGKILL");
  await until(
    () => demo.lines.includes(`Baton (pid ${killedPid}) was killed. It restarts in 2 s and continues its runs.`),
    {
      what: "the kill is noticed",
    },
  );
  await resume(await until(() => serving(findUrl()), { what: "Baton is back" }), id);
  const resumed = await followRun(findUrl, id, { onUpdate: () => {} });
  assert.equal(resumed.status, "completed");
  assert.deepEqual(resumed.steps[0], failed.steps[0]);
  const records = await readRecords(systemUrls(), failed.input as Deal);
  assert.deepEqual(
    verifyOnboarding(records).filter(({ isVerified }) => !isVerified),
    [],
  );

  const { code } = await demo.child.end(STOP_GRACE_MS);
  assert.equal(code, 0, demo.lines.join("\n"));
});

async function serving(url: string | null): Promise<string | null> {
  return url !== null && (await isHealthy(url)) ? url : null;
}

async function resume(url: string, id: string): Promise<void> {
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  const response = await fetch(`${url}/api/runs/${id}/resume`, request);
  assert.ok(response.ok, `resume returned ${response.status}: ${await response.text()}`);
}
