import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryCore } from "../../../src/stores/sqlite/memory-store.ts";
import type { Act } from "./act.ts";
import type { KnownRun } from "./clients.ts";
import { laneLimit } from "./definitions.ts";
import { findProblems, type Witnesses } from "./evidence.ts";
import type { Doubt } from "./faults.ts";

/** What a sound storm leaves: a limited run, a saga that was undone, a cancelled run, a teller and a parent. */
function setup() {
  const core = openMemoryCore({ now: () => 0 });
  const { db } = core;
  const acts: Act[] = [];
  const runs: KnownRun[] = [];
  const ledger: string[] = [];
  const doubts: Doubt[] = [];
  let no = 0;

  const act = (run: string, step: string, more: Partial<Act> = {}): string => {
    const n = acts.length;
    const idempotencyKey = `${run}/${encodeURIComponent(step)}`;
    const receipt = `${idempotencyKey}#${n}`;
    const isUndo = step.startsWith("undo:");
    const times = { startedAt: n * 10, endedAt: n * 10 + 5, at: 1_000 };
    acts.push({
      ...{ n, run, workflow: "", step, isUndo, idempotencyKey, number: 1, pid: 1, lane: null, receipt },
      ...times,
      ...more,
    });
    return receipt;
  };
  const addRun = (
    kind: KnownRun["errand"]["kind"] | "leaf",
    more: { ended?: string; reason?: unknown; parent?: number } = {},
  ): { no: number; id: string; step: (key: string, kindNo?: number, more?: Partial<Act>) => void } => {
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
      const errand = { kind, order, atMs: 0, emitAfterMs: null, cancelAfterMs: null };
      runs.push({ errand, key: order.id, ids: new Set([id]), cancel: null });
    }
    let seq = 0;
    const step = (key: string, kindNo = 0, acting: Partial<Act> = {}): void => {
      seq += 1;
      const receipt = act(id, key, acting);
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
  const witnesses: Witnesses = { core, acts, clients, doubts, ledger, leaseMs: 1_000 };
  return { db, acts, act, runs, ledger, doubts, witnesses, limited, saga, patient, teller, parent };
}

type Scene = ReturnType<typeof setup>;

/** Promises that can be broken: how it is done, and what is said then. */
const breaks: readonly (readonly [string, (scene: Scene) => void, RegExp])[] = [
  ["a promised run that is gone", ({ runs }) => runs[0]?.ids.clear(), /is promised and is not there|is not there/],
  ["a key with two runs", ({ runs, saga }) => runs[0]?.ids.add(saga.id), /was promised the runs/],
  ["a run that has not ended", ({ db }) => db.run("update runs set ended = null where no = 1"), /instead of completed/],
  [
    "a cancel that did not count",
    ({ db, patient }) => db.run("update runs set ended = 'completed' where no = ?", patient.no),
    /patient .* is completed instead of cancelled/,
  ],
  [
    "a slot that is left",
    ({ db }) => db.run("insert into slots values ('k', 1, 1, 1, 0, 0)"),
    /1 rows are left in slots/,
  ],
  [
    "two results of one step",
    ({ db }) =>
      db.run("insert into steps select run, 99, key, kind, outcome, value, input, 1, 1, 0 from steps where run = 1"),
    /has 2 results/,
  ],
  [
    "a result that nobody gave",
    ({ db }) => db.run(`update steps set value = '"from nowhere"' where run = 1`),
    /which no attempt of it was given/,
  ],
  [
    "an attempt under another key",
    ({ limited, act }) => act(limited.id, "first", { idempotencyKey: "other" }),
    /INV-11/,
  ],
  ["more starts than takeovers explain", ({ limited, act }) => [1, 2, 3].map(() => act(limited.id, "first")), /INV-13/],
  [
    "an undo out of order",
    ({ acts }) => {
      const undos = acts.filter((each) => each.isUndo);
      acts.push(...undos.splice(1), ...undos.splice(0));
      for (const undo of acts.splice(
        acts.findIndex((each) => each.isUndo),
        3,
      ))
        assert.ok(undo.isUndo);
    },
    /was undone in the order b, a, c/,
  ],
  [
    "an undo of what was never recorded",
    ({ db, saga }) => db.run("delete from steps where run = ? and key = 'b'", saga.no),
    /"b" of .* was undone and never recorded/,
  ],
  [
    "a result that a worker wrote after another had taken its run over",
    ({ db, limited, act }) => {
      const dead =
        "insert into workers (name, started_at, expires_at, is_dead, died_at) values ('host:1', 0, 2000, 1, 2000)";
      db.run(dead);
      db.run("update steps set at = 3000 where run = 1");
      act(limited.id, "first", { pid: 2, at: 2_500 });
    },
    /was recorded for process 1 when 2 had taken the run over/,
  ],
  ["a child too many", ({ db, parent }) => db.run("update runs set parent = ? where no = 1", parent.no), /4 children/],
  ["a booking done twice", ({ ledger, teller }) => ledger.push(teller.id), /booked 2 times/],
  ["a booking that is missing", ({ ledger }) => ledger.splice(0), /booked 0 times/],
  [
    "a start long after the cancel",
    ({ runs, patient, act }) => {
      const run = runs.find(({ ids }) => ids.has(patient.id));
      if (run !== undefined) run.cancel = { answer: "ok", at: 0 };
      act(patient.id, "after", { startedAt: 60_000, endedAt: 60_001 });
    },
    /"after" of .* began 60000 ms after its cancel/,
  ],
  ["a limit exceeded", crowd, /3 runs of lane-0 acted at once/],
];

/** One more run in a lane than may be, all at the moment of its first act. */
function crowd({ act, limited }: Scene): void {
  for (let i = 0; i <= laneLimit; i += 1)
    act(i === 0 ? limited.id : `run_other_${i}`, `crowd ${i}`, { lane: "lane-0", startedAt: 9_000, endedAt: 9_100 });
}

describe("the evidence of a storm", () => {
  it("has no problem when every promise is kept", () => {
    const { witnesses } = setup();
    const { problems, ends } = findProblems(witnesses);
    assert.deepEqual(problems, []);
    assert.equal(ends.get("failed compensated"), 1);
  });

  for (const [what, spoil, complaint] of breaks) {
    it(`tells of ${what}`, () => {
      const scene = setup();
      spoil(scene);
      assert.match(findProblems(scene.witnesses).problems.join("\n"), complaint);
    });
  }

  it("counts a limit that only a worker in doubt has exceeded, and does not complain", () => {
    const scene = setup();
    crowd(scene);
    const last = scene.acts.at(-1);
    if (last !== undefined) scene.acts[scene.acts.length - 1] = { ...last, pid: 2 };
    scene.doubts.push({ pid: 2, from: 8_000, until: 9_500 });
    const { problems, zombieOverlaps } = findProblems(scene.witnesses);
    assert.deepEqual(
      problems.filter((problem) => problem.includes("lane-0")),
      [],
    );
    assert.ok(zombieOverlaps > 0);
  });
});
