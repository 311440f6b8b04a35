import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workflow } from "baton";
import { within } from "./within.ts";

const slow = workflow<number, number>({ name: "slow" }, async (ctx, n) => {
  await ctx.sleep("work", "1m");
  return n * 2;
});

describe("a call or start of a run's code", () => {
  it("a call whose key has started a run already waits for that run, also across crashes", async () => {
    const parent = workflow({ name: "parent" }, (ctx) => ctx.call(slow, 1, { idempotencyKey: "k" }));
    await within([slow, parent], async (test) => {
      const known = await test.start(slow, 1, { idempotencyKey: "k" });
      const handle = await test.start(parent, null);
      await test.settle();
      const { row } = await handle.detail();
      assert.deepEqual([row.reason?.code, row.reason?.code === "child" && row.reason.run], ["child", known.id]);
      await test.crash();
      assert.equal(await handle.result(), 2);
      assert.equal((await test.baton.runs({ name: "slow" })).length, 1);
      const late = await test.start(parent, null);
      assert.equal(await late.result(), 2, "the run has ended before the call");
    });
  });

  it("a call that joined a run gets its failure, and does not compensate or cancel it", async () => {
    let isBroken = true;
    const child = workflow({ name: "child" }, async (ctx) => {
      await ctx.sleep("work", "1m");
      await ctx.step("end", () => (isBroken ? Promise.reject(new Error("no")) : 7), { retry: false });
      return 7;
    });
    const parent = workflow({ name: "parent", onFailure: "compensate" }, async (ctx) => {
      const n = await ctx.call(child, null, { idempotencyKey: "k", undo: "compensate" });
      await ctx.step("fail", () => Promise.reject(new Error(`after ${n}`)), { retry: false });
    });
    await within([child, parent], async (test) => {
      const known = await test.start(child, null, { idempotencyKey: "k" });
      const first = await test.start(parent, null);
      await assert.rejects(first.result(), /no/);
      isBroken = false;
      await known.resume();
      const second = await test.start(parent, null);
      await assert.rejects(second.result(), /after 7/);
      assert.deepEqual((await second.detail()).row.reason, {
        code: "compensated",
        undone: ["child"],
        error: "after 7",
      });
      assert.equal(await known.status(), "completed");
    });
  });

  it("a refusal is thrown into the code with its code, and is the same in a replay", async () => {
    const limited = workflow<number, number>({ name: "limited", rateLimit: { limit: 1, per: "1h" } }, (_ctx, n) => n);
    const single = workflow({ name: "single", singleton: { policy: "skip" } }, (ctx) => ctx.sleep("work", "1m"));
    const codeOf = (error: Error & { code?: string; details?: { run?: string } }) => [
      error.code,
      error.details?.run ?? null,
    ];
    const parent = workflow({ name: "parent" }, async (ctx) => {
      const seen: unknown[] = [];
      seen.push(await ctx.call(limited, 1, { key: "first" }));
      seen.push(await ctx.call(limited, 2, { key: "second" }).catch(codeOf));
      seen.push(await ctx.start(limited, 3, { key: "third" }).catch(codeOf));
      const { id } = await ctx.start(single, null, { key: "single" });
      seen.push((await ctx.start(single, null, { key: "again" }).catch(codeOf)).toString() === `skipped,${id}`);
      seen.push(await ctx.call(slow, 4, { idempotencyKey: "other", key: "conflict" }).catch(codeOf));
      await ctx.sleep("nap", "2h");
      return seen;
    });
    await within([slow, limited, single, parent], async (test) => {
      const other = await test.start(slow, 5, { idempotencyKey: "other" });
      const handle = await test.start(parent, null);
      await test.settle();
      await test.crash();
      // The limit admits starts again by then, and the singleton is free.
      await test.advance("3h");
      assert.deepEqual(await handle.result(), [
        1,
        ["rate-limited", null],
        ["rate-limited", null],
        true,
        ["key-conflict", other.id],
      ]);
      assert.equal((await test.baton.runs({ name: "limited" })).length, 1);
    });
  });

  it("a refused call fails a run that does not catch it, with the step's name", async () => {
    const limited = workflow({ name: "limited", rateLimit: { limit: 1, per: "1h" } }, () => 1);
    const parent = workflow({ name: "parent" }, (ctx) => ctx.call(limited, null));
    await within([limited, parent], async (test) => {
      await (await test.start(limited, null)).result();
      const handle = await test.start(parent, null);
      await assert.rejects(handle.result(), /the rate limit of limited/);
      const { row } = await handle.detail();
      assert.deepEqual([row.error?.code, row.error?.step], ["rate-limited", "limited"]);
      await test.advance("2h");
      await handle.resume();
      assert.equal(await handle.result(), 1, "a resume asks again");
    });
  });

  it("each is the same at every point of a crash", async () => {
    const parent = workflow({ name: "parent" }, async (ctx) => {
      const both = await Promise.all([
        ctx.call(slow, 1, { idempotencyKey: "k", key: "a" }),
        ctx.call(slow, 1, { idempotencyKey: "k", key: "b" }),
      ]);
      const { id } = await ctx.start(slow, 1, { idempotencyKey: "k", key: "c" });
      return { both, id };
    });
    for (let at = 1; at <= 24; at++) {
      await within([slow, parent], async (test) => {
        const known = await test.start(slow, 1, { idempotencyKey: "k" });
        const handle = await test.start(parent, null, { idempotencyKey: "p" });
        const before = test.operations;
        test.crashAt(before + at);
        await test.advance("5m");
        test.crashAt(Number.MAX_SAFE_INTEGER);
        assert.deepEqual(await handle.result(), { both: [2, 2], id: known.id });
      });
    }
  });
});

describe("startMany", () => {
  it("says for each start what became of it", async () => {
    const limited = workflow<number, number>(
      { name: "limited", rateLimit: { limit: 2, per: "1h" } },
      async (_ctx, n) => n,
    );
    await within([limited], async (test) => {
      const error = await test.baton.startMany(limited, [{ input: 1 }, { input: 2 }, { input: 3 }]).catch((e) => e);
      assert.deepEqual(
        [error.code, error.message.startsWith("1 of 3 starts of limited were not carried out"), error.cause.code],
        ["partly-started", true, "rate-limited"],
      );
      const { runs, refused } = error.details;
      assert.deepEqual(
        runs.map((id: string | null) => id !== null),
        [true, true, false],
      );
      assert.deepEqual(
        refused.map((each: { index: number; code: string }) => [each.index, each.code]),
        [[2, "rate-limited"]],
      );
      assert.deepEqual((await test.baton.runs({ name: "limited" })).length, 2);
    });
  });
});

describe("recovery asks what a start asks", () => {
  it("a failed singleton is not resumed or redriven while another is open", async () => {
    let isBroken = true;
    const job = workflow<string>({ name: "job", singleton: { policy: "skip", key: (id) => id } }, async (ctx) => {
      await ctx.step("do", () => (isBroken ? Promise.reject(new Error("no")) : 1), { retry: false });
      await ctx.sleep("work", "1m");
    });
    await within([job], async (test) => {
      const old = await test.start(job, "x");
      await assert.rejects(old.result(), /no/);
      isBroken = false;
      const fresh = await test.start(job, "x");
      await test.settle();
      await assert.rejects(old.resume(), { code: "skipped", details: { run: fresh.id } });
      const bulk = await test.baton.bulks.start({ verb: "redrive", filter: { name: "job" } });
      await test.advance("10s");
      assert.equal((await test.baton.bulks.get(bulk.id)).counts.refused, 1);
      await fresh.result();
      await old.resume();
      await test.settle();
      await assert.rejects(test.start(job, "x"), { code: "skipped", details: { run: old.id } });
      await old.result();
    });
  });

  it("a restart before a wait takes the event again, and one before its timeout waits again", async () => {
    let isBroken = true;
    const order = workflow({ name: "order" }, async (ctx) => {
      const late = await ctx.waitForEvent("late", { timeout: "1m" });
      const paid = await ctx.waitForEvent<{ sum: number; note: string }>("paid");
      await ctx.step("book", () => (isBroken ? Promise.reject(new Error("no")) : 1), { retry: false });
      return [late?.data ?? null, paid?.data.sum];
    });
    await within([order], async (test) => {
      const handle = await test.start(order, null);
      await test.advance("2m");
      await test.emit({ name: "paid", data: { sum: 12, note: "x".repeat(10_000) } });
      await assert.rejects(handle.result(), /no/);
      isBroken = false;
      await handle.restart("late");
      await test.settle();
      assert.equal((await handle.detail()).row.reason?.code, "event");
      await test.emit({ name: "late", data: 1 });
      assert.deepEqual(await handle.result(), [1, 12]);
    });
  });

  it("a restart before a call cancels the open child and starts another", async () => {
    const child = workflow<number>({ name: "child" }, async (ctx, n) => {
      await ctx.sleep("work", "1h");
      return n;
    });
    const parent = workflow({ name: "parent" }, async (ctx) => {
      await ctx.step("first", () => 1);
      return ctx.call(child, 1);
    });
    await within([child, parent], async (test) => {
      const handle = await test.start(parent, null);
      await test.settle();
      await handle.restart("first");
      await test.settle();
      const children = await test.baton.runs({ name: "child" });
      assert.deepEqual(children.map(({ status }) => status).sort(), ["cancelled", "waiting"]);
      assert.equal(await handle.result(), 1);
    });
  });

  it("a compensation does not take a removed child for an undone one", async () => {
    const child = workflow({ name: "child", retention: { completed: "1m" } }, async (ctx) => {
      await ctx.step("book", () => 1, { undo: () => {} });
    });
    const parent = workflow({ name: "parent" }, async (ctx) => {
      await ctx.call(child, null, { undo: "compensate" });
      await ctx.sleep("nap", "1d");
      await ctx.step("fail", () => Promise.reject(new Error("no")), { retry: false });
    });
    await within([child, parent], async (test) => {
      const handle = await test.start(parent, null);
      await test.advance("2d");
      assert.equal(await handle.status(), "failed");
      const [kept] = await test.baton.runs({ name: "child" });
      assert.ok(kept, "its parent may still need it");
      await test.baton.engine.store.commit({
        kind: "erase",
        runs: [kept.id],
        key: null,
        isVacuumed: false,
        audit: { actor: "ada", verb: "erase", why: null },
      });
      await handle.compensate();
      await test.advance("1h");
      const { row } = await handle.detail();
      assert.equal(row.reason?.code, "compensation-failed");
      assert.match(
        row.reason?.code === "compensation-failed" ? row.reason.error : "",
        /the child run of "child" was removed/,
      );
    });
  });
});
