import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeadGroup } from "../../kernel/ports/queries.ts";
import { executionVerdict, freshnessVerdict, workflowVerdict } from "./verdicts.ts";

const facts = { recent: [], usual: [], causes: [], since: 1_000, runs: 10 };
const cause = (definition: string, message: string): DeadGroup => ({
  fingerprint: `f-${definition}`,
  definition,
  step: "call",
  message,
  count: 3,
  firstAt: 1,
  lastAt: 2_000,
  sample: "run_1",
  versions: [1],
  fellAt: [],
});

test("workflows that fail as often as ever are no news", () => {
  const usual = [{ definition: "import", ended: 1_000, failed: 100 }];
  const recent = [{ definition: "import", ended: 50, failed: 9 }];
  const verdict = workflowVerdict({ ...facts, usual, recent });
  assert.deepEqual(
    [verdict.level, verdict.text, verdict.why],
    ["ok", "Runs are completing", "50 runs ended recently, 9 failed"],
  );
  assert.equal(workflowVerdict({ ...facts, runs: 0 }).text, "No runs yet");
});

test("several that fail for one cause are told in one sentence", () => {
  const recent = [
    { definition: "import", ended: 20, failed: 12 },
    { definition: "onboard", ended: 40, failed: 4 },
    { definition: "report", ended: 40, failed: 0 },
  ];
  const causes = [
    cause("import", "503 from the CRM\nat x"),
    cause("onboard", "503 from the CRM\nat x"),
    cause("report", "old"),
  ];
  const verdict = workflowVerdict({ ...facts, recent, causes });
  assert.deepEqual(
    [verdict.level, verdict.text, verdict.why, verdict.next?.target],
    [
      "bad",
      "2 workflows are failing more than usual",
      "import: 12 of 20; onboard: 4 of 40; same error: 503 from the CRM",
      { to: "dead-letters" },
    ],
  );
});

test("one that fails for the first time leads to its error", () => {
  const recent = [{ definition: "import", ended: 20, failed: 1 }];
  const verdict = workflowVerdict({ ...facts, recent, causes: [cause("import", "no")] });
  assert.deepEqual(
    [verdict.level, verdict.text, verdict.next?.target],
    ["warn", "import is failing more than usual", { to: "error", fingerprint: "f-import" }],
  );
});

const worker = {
  incarnation: 1,
  name: "w",
  version: null,
  slots: null,
  queues: null,
  startedAt: 0,
  seenAt: 0,
  expiresAt: 2_000_000,
  held: 4,
};
const stats = { now: 1_000_000, oldestReadyAt: null, workers: [worker] };
const execution = { stats, open: 3, lacking: [], problems: [] };

test("execution names what keeps runs from going on, the worst first", () => {
  assert.equal(executionVerdict(execution).level, "ok");
  const dead = { ...execution, stats: { ...stats, workers: [{ ...worker, expiresAt: 1 }] } };
  assert.deepEqual([executionVerdict(dead).level, executionVerdict(dead).text], ["bad", "No worker is running"]);
  const slow = { ...execution, stats: { ...stats, oldestReadyAt: 1_000_000 - 120_000 } };
  assert.equal(executionVerdict(slow).text, "Runs are waiting for a worker, the oldest for 2 m 0 s");
  const lacking = [{ name: "import", version: 2, why: "it is not signed" }];
  assert.equal(executionVerdict({ ...execution, lacking }).why, "import version 2: it is not signed");
  const problems = [{ file: "a.ts", message: "SyntaxError" }];
  assert.equal(executionVerdict({ ...execution, problems }).text, "1 definition file could not be loaded");
});

test("freshness looks at events that wait and at the clocks", () => {
  const fresh = { storeNow: 100_000, processNow: 100_000, unroutedSince: null };
  assert.equal(freshnessVerdict(fresh).level, "ok");
  assert.equal(freshnessVerdict({ ...fresh, processNow: 0 }).text, "The store clock is 1 m 40 s ahead");
  assert.match(freshnessVerdict({ ...fresh, unroutedSince: 1 }).text, /^Events are waiting to be delivered/);
});
