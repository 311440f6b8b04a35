import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NonRetryableError, workflow } from "baton";
import { openTestBaton, type TestBaton } from "baton/testing";

function setup() {
  const broken = new Set(["database is away", "card refused", "no such address"]);
  const runs = new Map<string, number>();
  const job = workflow<{ cause: string; id: string }>({ name: "job" }, async (ctx, { cause, id }) => {
    await ctx.step("before", () => 1);
    return ctx.step("work", () => {
      runs.set(id, (runs.get(id) ?? 0) + 1);
      if (broken.has(cause)) throw new NonRetryableError(cause);
      return id;
    });
  });
  return { job, broken, runs };
}

async function failMany(test: TestBaton, job: ReturnType<typeof setup>["job"], count: number): Promise<void> {
  const causes = ["database is away", "card refused", "no such address"];
  for (let i = 0; i < count; i++) await test.baton.start(job, { cause: causes[i % 3] ?? "", id: String(i) });
  await test.settle();
}

async function groups(test: TestBaton) {
  return test.baton.engine.store.query("deadGroups", { limit: 10 });
}

describe("bulk operations", () => {
  it("a thousand failures of one cause are one group, and their redrive stops when its canary fails", async () => {
    const { job, broken, runs } = setup();
    const test = await openTestBaton({ definitions: [job] });
    try {
      await failMany(test, job, 300);
      const lines = await groups(test);
      assert.deepEqual(
        lines.map((line) => line.count),
        [100, 100, 100],
      );
      const line = lines.find((each) => each.message === "card refused");
      assert.ok(line !== undefined);
      const filter = { fingerprint: line.fingerprint };
      assert.equal((await test.baton.bulks.preview({ verb: "redrive", filter })).total, 100);

      const failing = await test.baton.bulks.start({ verb: "redrive", filter, canary: [1, 10], why: "try" });
      await test.advance("1m");
      const stopped = await test.baton.bulks.get(failing.id);
      assert.equal(stopped.status, "stopped");
      assert.match(stopped.detail ?? "", /1 of 1 canary runs failed again: run_.* card refused/);
      assert.deepEqual(stopped.counts, { done: 1, refused: 0, left: 99 });

      broken.delete("card refused");
      const repaired = await test.baton.bulks.start({ verb: "redrive", filter, canary: [1, 10] });
      await test.advance("1m");
      const completed = await test.baton.bulks.get(repaired.id);
      assert.deepEqual([completed.status, completed.counts.done], ["completed", 100]);
      assert.deepEqual(
        (await groups(test)).map((each) => each.count),
        [100, 100],
      );
      assert.equal([...runs.values()].filter((n) => n > 2).length, 1, "only the canary ran a third time");
      const audit = await test.baton.engine.store.query("audit", { run: null, before: null, limit: 500 });
      assert.equal(audit.filter((row) => row.verb === "redrive" && row.run?.startsWith("run_")).length, 101);
      assert.equal(audit.filter((row) => row.verb === "redrive" && row.run?.startsWith("bulk_")).length, 2);
    } finally {
      await test.close();
    }
  });

  it("keep to their rate", async () => {
    const { job, broken } = setup();
    const test = await openTestBaton({ definitions: [job] });
    try {
      await failMany(test, job, 60);
      broken.clear();
      const bulk = await test.baton.bulks.start({ verb: "redrive", filter: {}, rate: 5 });
      await test.advance("4s");
      const { counts } = await test.baton.bulks.get(bulk.id);
      assert.ok(counts.done >= 18 && counts.done <= 22, `${counts.done} in 4 s at 5 a second`);
      await test.advance("1m");
      assert.equal((await test.baton.bulks.get(bulk.id)).status, "completed");
    } finally {
      await test.close();
    }
  });

  it("act on each run once and complete after a crash at any store operation", async () => {
    for (const side of ["before", "after"] as const) {
      for (let offset = 1; offset <= 24; offset++) {
        const { job, broken, runs } = setup();
        const test = await openTestBaton({ definitions: [job] });
        try {
          await failMany(test, job, 9);
          broken.clear();
          const bulk = await test.baton.bulks.start({ verb: "redrive", filter: { name: "job" }, canary: [1] });
          test.crashAt(test.operations + offset, side);
          await test.advance("1m");
          const where = `killed ${side} operation ${offset}`;
          const after = await test.baton.bulks.get(bulk.id);
          assert.deepEqual([after.status, after.counts.done + after.counts.refused], ["completed", 9], where);
          for (const [id, n] of runs) assert.ok(n <= 3, `run ${id} ran ${n} times, ${where}`);
          assert.equal((await test.baton.runs({ status: "completed" })).length, 9, where);
          assert.equal((await groups(test)).length, 0, where);
        } finally {
          await test.close();
        }
      }
    }
  });

  it("can be stopped; the remaining runs are unchanged", async () => {
    const { job, broken } = setup();
    const test = await openTestBaton({ definitions: [job] });
    try {
      await failMany(test, job, 30);
      broken.clear();
      const bulk = await test.baton.bulks.start({ verb: "redrive", filter: {}, rate: 1 });
      await test.advance("5s");
      const stopped = await test.baton.bulks.stop(bulk.id, { why: "enough" });
      assert.equal(stopped.status, "stopped");
      assert.ok(stopped.counts.left >= 20);
      await test.advance("1m");
      assert.deepEqual((await test.baton.bulks.get(bulk.id)).counts, stopped.counts);
    } finally {
      await test.close();
    }
  });

  it("cancel, suspend, resume and dismiss by filter", async () => {
    const { job } = setup();
    const waiter = workflow({ name: "waiter" }, (ctx) => ctx.waitForEvent("never"));
    const test = await openTestBaton({ definitions: [job, waiter] });
    try {
      await failMany(test, job, 6);
      for (let i = 0; i < 5; i++) await test.baton.start(waiter, null);
      await test.settle();
      const operation = async (
        verb: "suspend" | "resume" | "cancel" | "dismiss",
        filter: { name?: string },
      ): Promise<number> => {
        const bulk = await test.baton.bulks.start({ verb, filter });
        await test.advance("10s");
        return (await test.baton.bulks.get(bulk.id)).counts.done;
      };
      assert.equal(await operation("suspend", { name: "waiter" }), 5);
      assert.equal((await test.baton.runs({ status: "suspended" })).length, 5);
      assert.equal(await operation("resume", {}), 5);
      assert.equal((await test.baton.runs({ status: "waiting" })).length, 5);
      assert.equal(await operation("cancel", { name: "waiter" }), 5);
      assert.equal((await test.baton.runs({ status: "cancelled" })).length, 5);
      assert.equal(await operation("dismiss", {}), 6);
      assert.deepEqual(await groups(test), []);
    } finally {
      await test.close();
    }
  });

  it("refuse an invalid canary and rate", async () => {
    const test = await openTestBaton({});
    try {
      await assert.rejects(test.baton.bulks.start({ verb: "redrive", filter: {}, canary: [0] }), /canary/);
      await assert.rejects(test.baton.bulks.start({ verb: "redrive", filter: {}, rate: -1 }), /rate/);
    } finally {
      await test.close();
    }
  });

  it("count a dead letter that a redrive compensates as done", async () => {
    let isBroken = true;
    const job = workflow({ name: "job", onFailure: "compensate" }, async (ctx) => {
      await ctx.step("a", () => 1, {
        undo: () => {
          if (isBroken) throw new NonRetryableError("cannot be given back");
        },
      });
      await ctx.step("b", () => {
        throw new NonRetryableError("card refused");
      });
    });
    const test = await openTestBaton({ definitions: [job] });
    try {
      for (let i = 0; i < 12; i++) await test.baton.start(job, null);
      await test.settle();
      isBroken = false;
      const operation = await test.baton.bulks.start({ verb: "redrive", filter: { name: "job" }, canary: [1, 2] });
      await test.advance("2m");
      const { status, counts } = await test.baton.bulks.get(operation.id);
      assert.deepEqual([status, counts.done], ["completed", 12]);
      assert.deepEqual(await groups(test), []);
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    } finally {
      await test.close();
    }
  });

  it("refuse an unknown filter, which would match everything", async () => {
    const test = await openTestBaton();
    try {
      const filter = { nmae: "job" } as object;
      await assert.rejects(test.baton.bulks.start({ verb: "cancel", filter }), /unknown filter "nmae"/);
      await assert.rejects(test.baton.bulks.start({ verb: "explode" as "cancel", filter: {} }), /one of redrive/);
    } finally {
      await test.close();
    }
  });
});
