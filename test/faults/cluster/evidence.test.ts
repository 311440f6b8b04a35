import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryCore } from "../../../src/stores/sqlite/memory-store.ts";
import type { KnownRun } from "./clients.ts";
import { laneLimit } from "./definitions.ts";
import type { Effect } from "./effect.ts";
import { findProblems, type Witnesses } from "./evidence.ts";
import type { UncertainLease } from "./faults.ts";

/** What a storm without problems leaves: a limited run, a compensated saga, a cancelled run, a teller and a parent. */
function setup() {
  const core = openMemoryCore({ now: () => 0 });
  const { db } = core;
  const effects: Effect[] = [];
  const runs: KnownRun[] = [];
  const ledger: string[] = [];
  const uncertainLeases: UncertainLease[] = [];
  let no = 0;

  const addEffect = (run: string, step: string, more: Partial<Effect> = {}): string => {
    const n = effects.length;
    const idempotencyKey = `${run}/${encodeURIComponent(step)}`;
    const receipt = `${idempotencyKey}#${n}`;
    const isUndo = step.startsWith("undo:");
    const times = { startedAt: n * 10, endedAt: n * 10 + 5, at: 1_000 };
    effects.push({
      ...{ n, run, workflow: "", step, isUndo, idempotencyKey, number: 1, pid: 1, lane: null, receipt },
      ...times,
      ...more,
    });
    return receipt;
  };
  const addRun = (
    kind: KnownRun["plan"]["kind"] | "leaf",
    more: { ended?: string; reason?: unknown; parent?: number } = {},
  ): { no: number; id: string; step: (key: string, kindNo?: number, more?: Partial<Effect>) => void } => {
    no += 1;
    const own = no;
    const id = `run_${own}`;
    db.run("insert or ignore into definitions (kind, name, version) values ('workflow', ?, 1)", kind);
    db.run(
      `insert into runs (no, id, definition, ended, reason, origin, parent, parent_key, event_floor, fence, created_at, ended_at)
       values (?, ?, (select no from definitions where name = ?), ?, ?, '{}', ?, ?, 0, 1, 0, 1)`,
      ...[own, id, kind, more.ended ?? "completed", more.reason === undefined ? null : JSON.stringify(more.reason)],
      ...[more.parent ?? null, more.parent === undefined ? null : `leaf#${own}`],
    );
    if (kind !== "leaf") {
      const order = { id: `order-${own}`, lane: "lane-0" };
      const plan = { kind, order, atMs: 0, emitAfterMs: null, cancelAfterMs: null };
      runs.push({ plan, key: order.id, ids: new Set([id]), cancel: null });
    }
    let seq = 0;
    const step = (key: string, kindNo = 0, acting: Partial<Effect> = {}): void => {
      seq += 1;
      const receipt = addEffect(id, key, acting);
      db.run(
        "insert into steps (run, seq, key, kind, outcome, value, attempts, took_ms, at) values (?, ?, ?, ?, 0, ?, 1, 1, 0)",
        ...[own, seq, key, kindNo, JSON.stringify(receipt)],
      );
    };
    return { no: own, id, step };
  };

  const limited = addRun("limited");
  limited.step("first", 0, { lane: "lane-0" });
  const saga = addRun("saga", { ended: "failed", reason: { code: "compensated", undone: [], error: null } });
  for (const key of ["a", "b", "c"]) saga.step(key);
  for (const key of ["c", "b", "a"]) saga.step(`undo:${key}`, 11);
  const patient = addRun("patient", { ended: "cancelled" });
  patient.step("before");
  const teller = addRun("teller");
  teller.step("before");
  ledger.push(teller.id);
  const parent = addRun("parent");
  for (let child = 0; child < 3; child += 1) addRun("leaf", { parent: parent.no }).step("first");
  db.run("insert into counters select definition, ended, 0, count(*) from runs group by definition, ended");
  db.run("insert into hours select definition, ended, 0, 0, count(*) from runs group by definition, ended");
  db.run("insert into hours select definition, 'started', 0, 0, count(*) from runs group by definition");

  const clients = { runs, operations: [], problems: [], work: async () => {}, resend: async () => {} };
  const witnesses: Witnesses = { core, effects, clients, uncertainLeases, ledger, leaseMs: 1_000 };
  return { db, effects, addEffect, runs, ledger, uncertainLeases, witnesses, limited, saga, patient, teller, parent };
}

type Scene = ReturnType<typeof setup>;

/** Broken guarantees: how each is produced, and the expected problem. */
const breaches: readonly (readonly [string, (scene: Scene) => void, RegExp])[] = [
  ["an acknowledged run that is missing", ({ runs }) => runs[0]?.ids.clear(), /the acknowledged run .* is missing/],
  ["a key with two runs", ({ runs, saga }) => runs[0]?.ids.add(saga.id), /was acknowledged with the runs/],
  ["a run that has not ended", ({ db }) => db.run("update runs set ended = null where no = 1"), /instead of completed/],
  [
    "a cancel without effect",
    ({ db, patient }) => db.run("update runs set ended = 'completed' where no = ?", patient.no),
    /patient .* is completed instead of cancelled/,
  ],
  ["a leftover slot", ({ db }) => db.run("insert into slots values ('k', 1, 1, 1, 0, 0)"), /1 rows are left in slots/],
  [
    "two results of one step",
    ({ db }) =>
      db.run("insert into steps select run, 99, key, kind, outcome, value, input, 1, 1, 0 from steps where run = 1"),
    /has 2 results/,
  ],
  [
    "a result from no attempt",
    ({ db }) => db.run(`update steps set value = '"from nowhere"' where run = 1`),
    /which no attempt of it received/,
  ],
  [
    "an attempt under another key",
    ({ limited, addEffect }) => addEffect(limited.id, "first", { idempotencyKey: "other" }),
    /INV-11/,
  ],
  [
    "more starts than takeovers explain",
    ({ limited, addEffect }) => [1, 2, 3].map(() => addEffect(limited.id, "first")),
    /INV-13/,
  ],
  [
    "a compensation out of order",
    ({ effects }) => {
      const undos = effects.filter((each) => each.isUndo);
      effects.push(...undos.splice(1), ...undos.splice(0));
      for (const undo of effects.splice(
        effects.findIndex((each) => each.isUndo),
        3,
      ))
        assert.ok(undo.isUndo);
    },
    /was compensated in the order b, a, c/,
  ],
  [
    "the compensation of a step that was never recorded",
    ({ db, saga }) => db.run("delete from steps where run = ? and key = 'b'", saga.no),
    /"b" of .* was compensated but never recorded/,
  ],
  [
    "a result from a worker whose run was taken over",
    ({ db, limited, addEffect }) => {
      const dead =
        "insert into workers (name, started_at, expires_at, is_dead, died_at) values ('host:1', 0, 2000, 1, 2000)";
      db.run(dead);
      db.run("update steps set at = 3000 where run = 1");
      addEffect(limited.id, "first", { pid: 2, at: 2_500 });
    },
    /was recorded for process 1 after 2 had taken over the run/,
  ],
  [
    "one child too many",
    ({ db, parent }) => db.run("update runs set parent = ? where no = 1", parent.no),
    /4 children/,
  ],
  ["a repeated booking", ({ ledger, teller }) => ledger.push(teller.id), /booked 2 times/],
  ["a missing booking", ({ ledger }) => ledger.splice(0), /booked 0 times/],
  [
    "a start long after the cancel",
    ({ runs, patient, addEffect }) => {
      const run = runs.find(({ ids }) => ids.has(patient.id));
      if (run !== undefined) run.cancel = { answer: "ok", at: 0 };
      addEffect(patient.id, "after", { startedAt: 60_000, endedAt: 60_001 });
    },
    /"after" of .* started 60000 ms after its cancel/,
  ],
  ["an exceeded limit", exceedLimit, /3 runs of lane-0 acted at once/],
];

/** One run in a lane above its limit, all acting at the same time. */
function exceedLimit({ addEffect, limited }: Scene): void {
  for (let i = 0; i <= laneLimit; i += 1)
    addEffect(i === 0 ? limited.id : `run_other_${i}`, `crowd ${i}`, {
      lane: "lane-0",
      startedAt: 9_000,
      endedAt: 9_100,
    });
}

describe("evidence of a storm", () => {
  it("reports no problem when every guarantee is kept", () => {
    const { witnesses } = setup();
    const { problems, ends } = findProblems(witnesses);
    assert.deepEqual(problems, []);
    assert.equal(ends.get("failed compensated"), 1);
  });

  for (const [what, corrupt, expected] of breaches) {
    it(`reports ${what}`, () => {
      const scene = setup();
      corrupt(scene);
      assert.match(findProblems(scene.witnesses).problems.join("\n"), expected);
    });
  }

  it("counts a limit exceeded only by a worker with an uncertain lease and reports no problem", () => {
    const scene = setup();
    exceedLimit(scene);
    const last = scene.effects.at(-1);
    if (last !== undefined) scene.effects[scene.effects.length - 1] = { ...last, pid: 2 };
    scene.uncertainLeases.push({ pid: 2, from: 8_000, until: 9_500 });
    const { problems, zombieOverlaps } = findProblems(scene.witnesses);
    assert.deepEqual(
      problems.filter((problem) => problem.includes("lane-0")),
      [],
    );
    assert.ok(zombieOverlaps > 0);
  });
});
