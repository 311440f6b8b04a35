import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { type Baton, openBaton, workflow } from "../../src/index.ts";
import type { RepairCode } from "../../src/kernel/model/doctor.ts";

const gate = workflow({ name: "gate" }, async (ctx) => {
  await ctx.step("first", () => 1);
  await ctx.waitForEvent("go", { timeout: "30d" });
  return "through";
});
const narrow = workflow({ name: "narrow", concurrency: [{ key: () => "one", limit: 1, hold: "run" }] }, async (ctx) => {
  await ctx.waitForEvent("go", { timeout: "30d" });
  return "through";
});
const doomed = workflow({ name: "doomed" }, async (ctx) => {
  await ctx.step("break", () => Promise.reject(new Error("no such account")), { retry: { attempts: 1 } });
});

interface Setup {
  readonly file: string;
  open(): Promise<Baton>;
  /** Damages the closed store with these statements. */
  damage(...sql: readonly string[]): void;
}

function setup(test: TestContext): Setup {
  const folder = mkdtempSync(join(tmpdir(), "baton-doctor-"));
  const file = join(folder, "baton.db");
  const batons: Baton[] = [];
  test.after(async () => {
    for (const baton of batons) await baton.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    file,
    open: async () => {
      const baton = await openBaton({ store: `sqlite:${file}`, definitions: [gate, narrow, doomed] });
      batons.push(baton);
      return baton;
    },
    damage: (...sql) => {
      const db = new DatabaseSync(file);
      for (const each of sql) db.exec(each);
      db.close();
    },
  };
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await new Promise((resolve) => setImmediate(resolve));
}

async function parked(baton: Baton, definition: typeof gate | typeof narrow): Promise<string> {
  const { id } = await baton.start(definition, undefined);
  await until(async () => (await (await baton.get(id)).status()) === "waiting");
  return id;
}

/** Ways to damage a store: each is reported, repaired by one repair, and the runs continue. */
const damages: readonly { name: string; code: string; repair: RepairCode; sql: readonly string[] }[] = [
  {
    name: "a run whose queue row is gone",
    code: "not-queued",
    repair: "requeue",
    sql: ["delete from live where run = 1"],
  },
  {
    name: "an ended run with a queue row",
    code: "queued-at-rest",
    repair: "requeue",
    sql: [
      "insert into live (run, definition, state, fence) select no, definition, 3, 9 from runs where ended = 'failed'",
    ],
  },
  {
    name: "a ready run without a time",
    code: "ready-without-time",
    repair: "requeue",
    sql: [
      "update live set state = 0, ready_at = null where run = 1",
      "update counters set count = count - 1 where definition = 1 and status = 'waiting'",
      "insert into counters values (1, 'pending', 0, 1) on conflict do update set count = count + 1",
    ],
  },
  {
    name: "a parked run with a holder",
    code: "held-and-idle",
    repair: "requeue",
    sql: ["update live set holder = 1 where run = 1"],
  },
  {
    name: "a run held by a dead worker",
    code: "leased-by-nobody",
    repair: "free-leases",
    sql: ["update live set state = 1, holder = 4711 where run = 1"],
  },
  {
    name: "a parked run whose waits are gone",
    code: "nothing-wakes-it",
    repair: "wake-parked",
    sql: ["delete from waits where run = 1"],
  },
  {
    name: "a parked run that would wake too late",
    code: "wakes-too-late",
    repair: "wake-parked",
    sql: ["update live set ready_at = ready_at + 1000 where run = 1"],
  },
  {
    name: "a parked run with an unread arrival",
    code: "parked-over-unread",
    repair: "wake-parked",
    sql: [
      "update waits set due_at = null where run = 1",
      "update live set ready_at = null where run = 1",
      "insert into inbox (run, kind, ref, key, body, at) values (1, 'event', '999', null, null, 1)",
    ],
  },
  {
    name: "a slot held by an ended run",
    code: "slot-of-idle",
    repair: "take-slots-back",
    sql: [
      "insert into slots (key, n, run, fence, since, is_kept) select 'gone', 1, no, 1, 1, 0 from runs where ended = 'failed'",
    ],
  },
  {
    name: "queued runs at a free slot",
    code: "free-slot-in-line",
    repair: "hand-out-slots",
    sql: ["delete from slots"],
  },
  {
    name: "a failed run without a dead letter",
    code: "failed-and-forgotten",
    repair: "mend-dead-letters",
    sql: ["delete from dead", "delete from causes"],
  },
  {
    name: "a dead letter of a run that continues",
    code: "dead-letter-of-none",
    repair: "mend-dead-letters",
    sql: ["insert into dead (run, fingerprint, at) values (1, 'x', 1)", "insert into causes values ('x', 1)"],
  },
  {
    name: "wrong counts of runs",
    code: "miscounted",
    repair: "recount",
    sql: [
      "update counters set count = count + 5 where status = 'waiting'",
      "delete from counters where status = 'failed'",
    ],
  },
  {
    name: "wrong counts per hour",
    code: "miscounted-hour",
    repair: "recount",
    sql: ["update hours set count = 17", "delete from hours where status = 'failed'"],
  },
  {
    name: "wrong counts of causes",
    code: "miscounted-cause",
    repair: "recount",
    sql: ["update causes set count = 3", "insert into causes values ('nowhere', 4)"],
  },
];

describe("the doctor", () => {
  it("finds no problem in a working store, and reports what it checked", async (t) => {
    const { open } = setup(t);
    const baton = await open();
    await parked(baton, gate);
    const { findings, repairs } = await baton.doctor({ full: true });
    assert.deepEqual(
      findings.filter((each) => each.level === "bad"),
      [],
    );
    assert.deepEqual(repairs, []);
    const codes = findings.map((each) => each.code);
    for (const code of [
      "node-version",
      "sqlite-version",
      "file-system",
      "disk-space",
      "wal-size",
      "integrity",
      "clock",
      "schema",
      "foreign-openers",
      "owner",
      "dead-workers",
      "oldest-ready",
      "no-worker",
      "dead-letters",
      "lacking-code",
      "event-shapes",
      "unrouted-events",
      "held-events",
      "lost-files",
      "queue",
    ])
      assert.ok(codes.includes(code), `it checks ${code}`);
  });

  for (const { name, code, repair, sql } of damages) {
    it(`finds and repairs ${name}`, async (t) => {
      const { open, damage } = setup(t);
      const first = await open();
      const id = await parked(first, gate);
      await parked(first, narrow);
      await first.start(narrow, undefined);
      const failed = await first.start(doomed, undefined);
      await assert.rejects(failed.result());
      await first.close();
      damage(...sql);
      const baton = await open();
      const before = await baton.doctor();
      const found = before.findings.find((each) => each.code === code);
      assert.equal(
        found?.level,
        "bad",
        `${code} is found: ${JSON.stringify(before.findings.filter((each) => each.level === "bad"))}`,
      );
      assert.equal(found?.repair, repair);
      assert.ok(before.repairs.some((each) => each.repair === repair && each.mended === null && each.count > 0));
      const after = await baton.doctor({ repair: true, why: "broken by hand" });
      assert.ok(after.repairs.some((each) => each.repair === repair && (each.mended ?? 0) > 0));
      await until(async () => (await baton.engine.store.query("violations", {})).length === 0);
      assert.deepEqual(
        (await baton.doctor()).findings.filter((each) => each.level === "bad"),
        [],
      );
      const audit = await baton.engine.store.query("audit", { run: null, before: null, limit: 50 });
      const row = audit.find((each) => each.verb === "repair" && each.detail?.includes(repair));
      assert.equal(row?.why, "broken by hand");
      // The repaired run continues: nothing was lost or done twice.
      await until(async () => (await (await baton.get(id)).status()) === "waiting");
      await baton.emit({ name: "go" });
      assert.equal(await (await baton.get(id)).result(), "through");
      const detail = await baton.engine.store.query("run", { id });
      assert.equal(detail?.entries.filter((entry) => entry.key === "first").length, 1);
    });
  }

  it("applies the same repair once", async (t) => {
    const { open, damage } = setup(t);
    const first = await open();
    await parked(first, gate);
    await first.close();
    damage("update counters set count = count + 5 where status = 'waiting'");
    const { engine } = await open();
    const drifts = await engine.store.query("counterDrift", {});
    const audit = { actor: "test", verb: "repair", why: null };
    const repair = { kind: "repair", id: "once", repair: "recount", targets: [], drifts, audit } as const;
    assert.equal((await engine.store.commit(repair)).mended, 1);
    assert.equal((await engine.store.commit(repair)).mended, 0);
    assert.deepEqual(await engine.store.query("violations", {}), []);
  });

  it("corrects counts while runs start and end", async (t) => {
    const { open, damage } = setup(t);
    const first = await open();
    await parked(first, gate);
    await first.close();
    damage("update counters set count = count + 7", "update hours set count = count - 3");
    const baton = await open();
    let isRepairing = true;
    const repairing = baton.doctor({ repair: true }).finally(() => {
      isRepairing = false;
    });
    const ended: Promise<unknown>[] = [];
    while (isRepairing) {
      const handle = await baton.start(doomed, undefined);
      ended.push(handle.result().catch(() => {}));
      await parked(baton, gate);
    }
    await repairing;
    await Promise.all(ended);
    assert.deepEqual(await baton.engine.store.query("violations", {}), []);
    assert.ok(ended.length > 3, "runs continued meanwhile");
  });

  it("reports a result that was recorded twice, without a repair", async (t) => {
    const { open, damage } = setup(t);
    const first = await open();
    await parked(first, gate);
    await first.close();
    damage(
      "insert into steps (run, seq, key, kind, outcome, attempts, took_ms, at) values (1, 900, 'first', 0, 0, 1, 1, 1)",
    );
    const baton = await open();
    const { findings, repairs } = await baton.doctor({ repair: true });
    const found = findings.find((each) => each.code === "recorded-twice");
    assert.equal(found?.level, "bad");
    assert.equal(found?.repair, null);
    assert.deepEqual(repairs, []);
  });

  it("reports another process that has the file open", async (t) => {
    const { open, file } = setup(t);
    await (await open()).close();
    const holder = spawn("tail", ["-f", file], { stdio: "ignore" });
    t.after(() => holder.kill());
    const baton = await open();
    const readFindings = async (): Promise<Map<string, string>> =>
      new Map((await baton.doctor()).findings.map((each) => [each.code, `${each.level} ${each.where.join()}`]));
    await until(
      async () => (await readFindings()).get("foreign-openers")?.startsWith(`warn ${holder.pid} tail`) ?? false,
    );
  });
});
