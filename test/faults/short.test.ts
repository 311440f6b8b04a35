import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { noPostgresPrograms } from "../postgres/own-server.ts";
import { stormCluster } from "./cluster/storm.ts";
import { killStorm } from "./onboarding-kill.ts";
import { poisonAmongHealthy } from "./poison.ts";

/** Some ten times what either needs; it only keeps a hang from being endless. */
const LIMIT_MS = 120_000;

function setup(test: TestContext) {
  const dataDir = mkdtempSync(join(tmpdir(), "baton-faults-"));
  test.after(() => {
    if (test.passed) rmSync(dataDir, { recursive: true, force: true });
    else console.log(`the state is kept in ${dataDir}`);
  });
  return { dataDir, seed: 1, limitMs: LIMIT_MS, signal: test.signal, log: (line: string) => test.diagnostic(line) };
}

it("40 onboardings complete, each act done once, over 8 kills of Baton", async (test) => {
  const report = await killStorm({ runs: 40, kills: 8, ...setup(test) });
  assert.deepEqual(report.problems, []);
});

it("one poison run ends as a dead letter and none of its 40 neighbours is harmed", async (test) => {
  const report = await poisonAmongHealthy({ healthy: 40, ...setup(test) });
  assert.deepEqual(report.problems, []);
});

it("40 runs of three workers on Postgres keep every promise over 8 kills, freezes, lost connections, restarts and partitions", {
  skip: await noPostgresPrograms(),
}, async (test) => {
  const report = await stormCluster({
    ...setup(test),
    workers: 3,
    runs: 40,
    blows: 8,
    overMs: 12_000,
    faults: ["kill", "freeze", "terminate", "restart", "partition"],
  });
  assert.deepEqual(report.problems, []);
});
