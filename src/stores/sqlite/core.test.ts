import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Advance } from "../../kernel/model/transition.ts";
import type { SqliteCore } from "./core.ts";
import { openMemoryCore } from "./memory-store.ts";

function setup(count: number): { core: SqliteCore; advances: Advance[] } {
  const core = openMemoryCore({ now: () => 1_700_000_000_000 });
  const { incarnation } = core.join("w", 3_000);
  const starts = Array.from(
    { length: count },
    (_, i): StartRun => ({
      kind: "start",
      id: `run_${i}`,
      definition: { kind: "workflow", name: "w", version: 1 },
      input: null,
      inputHash: "",
      key: null,
      idempotencyKey: null,
      priorityMs: 0,
      attributes: null,
      origin: { by: "test" },
      leaseTo: incarnation,
    }),
  );
  core.commit(starts);
  const advances = Array.from(
    { length: count },
    (_, i): Advance => ({ kind: "advance", run: i + 1, fence: 1, next: { state: "completed", output: String(i) } }),
  );
  return { core, advances };
}

describe("a batch", () => {
  it("applies all other transitions, and their counters, if one fails", () => {
    const { core, advances } = setup(9);
    const offending: Advance = { kind: "advance", run: 5, fence: 1, next: { state: "parked" } };
    const replies = core.commit(advances.map((advance, i) => (i === 4 ? offending : advance)));
    assert.deepEqual(
      replies.map((reply) => ("error" in reply ? "error" : "ok")),
      ["ok", "ok", "ok", "ok", "error", "ok", "ok", "ok", "ok"],
    );
    assert.equal(core.query("run", { id: "run_4" })?.row.status, "running");
    assert.deepEqual(core.query("violations", {}), []);
  });

  it("is not affected by one stale fence", () => {
    const { core, advances } = setup(3);
    const replies = core.commit(advances.map((advance, i) => (i === 1 ? { ...advance, fence: 7 } : advance)));
    assert.deepEqual(
      replies.map((reply) => "outcome" in reply && reply.outcome.ok),
      [true, false, true],
    );
    assert.deepEqual(core.query("violations", {}), []);
  });

  it("applies several transitions of one run in order", () => {
    const { core } = setup(1);
    const entry = (seq: number) =>
      ({
        seq,
        key: `k${seq}`,
        kind: "step",
        outcome: "ok",
        value: String(seq),
        input: null,
        attempts: 1,
        tookMs: 0,
      }) as const;
    const step = (parts: Partial<Advance>): Advance => ({ kind: "advance", run: 1, fence: 1, ...parts });
    const replies = core.commit([
      step({ entries: [entry(1)] }),
      step({ entries: [entry(2)] }),
      step({ next: { state: "completed", output: "3" } }),
      step({ entries: [entry(3)] }),
    ]);
    assert.deepEqual(
      replies.map((reply) => "outcome" in reply && reply.outcome.ok),
      [true, true, true, false],
    );
    assert.deepEqual(
      core.query("steps", { run: 1, after: 0, limit: 10 }).map((each) => each.key),
      ["k1", "k2"],
    );
  });

  it("has a check that reports a step recorded twice as a violation", () => {
    const { core } = setup(1);
    const insert =
      "insert into steps (run, seq, key, kind, outcome, value, input, attempts, took_ms, at) values (1, ?, 'charge', 0, 0, '1', null, 1, 0, 1)";
    core.db.run(insert, 1);
    assert.deepEqual(core.query("violations", {}), []);
    core.db.run(insert, 2);
    assert.deepEqual(core.query("violations", {}), [
      { id: "run_0", problem: "has a result recorded twice", code: "recorded-twice" },
    ]);
  });
});
