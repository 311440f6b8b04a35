import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { noPostgresPrograms } from "../postgres/own-server.ts";
import { stormCluster } from "./cluster/storm.ts";
import { killStorm } from "./onboarding-kill.ts";
import { poisonAmongHealthy } from "./poison.ts";

/** About ten times what each test needs; it only stops a hang. */
const LIMIT_MS = 120_000;

function setup(test: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), "baton-faults-"));
  test.after(() => {
    if (test.passed) rmSync(dataDir, { recursive: true, force: true });
    else console.log(`State kept in ${dataDir}`);
  });
  return { dataDir, seed: 1, limitMs: LIMIT_MS, signal: test.signal, log: (line: string) => test.diagnostic(line) };
}

it("40 onboardings complete and execute each operation once while Baton is killed 8 times", async (test) => {
  const report = await killStorm({ runs: 40, kills: 8, ...setup(test) });
  assert.deepEqual(report.problems, []);
});

it("one poison run becomes a dead letter and 40 other runs complete", async (test) => {
  const report = await poisonAmongHealthy({ healthy: 40, ...setup(test) });
  assert.deepEqual(report.problems, []);
});

it("40 runs of three workers on Postgres keep every guarantee over 8 kills, freezes, lost connections, restarts and partitions", {
  skip: await noPostgresPrograms(),
}, async (test) => {
  const report = await stormCluster({
    ...setup(test),
    workers: 3,
    runs: 40,
    faultCount: 8,
    overMs: 12_000,
    faults: ["kill", "freeze", "terminate", "restart", "partition"],
  });
  assert.deepEqual(report.problems, []);
});
