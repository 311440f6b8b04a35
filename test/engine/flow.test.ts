import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NonRetryableError, workflow } from "baton";
import { openTestBaton, type TestBaton, type TestOptions } from "baton/testing";

async function within(options: TestOptions, work: (test: TestBaton) => Promise<void>): Promise<void> {
  const test = await openTestBaton(options);
  try {
    await work(test);
    assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
  } finally {
    await test.close();
  }
}

/** Counts how many runs work at once. */
function meter() {
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const enter = (key: string): void => {
    now.set(key, (now.get(key) ?? 0) + 1);
    most.set(key, Math.max(most.get(key) ?? 0, now.get(key) ?? 0));
  };
  const leave = (key: string): void => {
    now.set(key, (now.get(key) ?? 0) - 1);
  };
  return { now, most, enter, leave };
}

describe("concurrency", () => {
  it("limits the runs of a key, in combination with a limit for all", async () => {
    const { most, enter, leave } = meter();
    const job = workflow<{ tenant: string }>(
      { name: "job", concurrency: [{ key: (input) => input.tenant, limit: 2 }, { limit: 3 }] },
      async (ctx, { tenant }) => {
        enter(tenant);
        enter("all");
        await ctx.sleep("work", "500ms");
        leave(tenant);
        leave("all");
      },
    );
    await within({ definitions: [job] }, async (test) => {
      const handles = [];
      for (let i = 0; i < 12; i++) handles.push(await test.start(job, { tenant: i % 3 === 0 ? "a" : "b" }));
      for (const handle of handles) await handle.result();
      assert.ok((most.get("a") ?? 9) <= 2 && most.get("b") === 2);
      assert.equal(most.get("all"), 3);
    });
  });

  it("names the runs that hold the slots a run waits for", async () => {
    const job = workflow({ name: "job", concurrency: { limit: 1, hold: "run" } }, (ctx) => ctx.waitForEvent("never"));
    await within({ definitions: [job] }, async (test) => {
      const first = await test.start(job, null);
      const second = await test.start(job, null);
      const third = await test.start(job, null);
      await test.settle();
      const { row } = await third.detail();
      assert.equal(row.status, "waiting");
      assert.ok(row.reason?.code === "slot");
      assert.deepEqual(row.reason.holders, [first.id]);
      assert.deepEqual([row.reason.key, row.reason.limit, row.reason.ahead], ["job/0", 1, 1]);
      await second.cancel();
      await first.cancel();
      await test.advance("10s");
      assert.equal((await third.detail()).row.reason?.code, "event");
    });
  });

  it("a waiting run releases its slot and takes one again before it continues", async () => {
    const waiting = workflow<string>({ name: "waiting", concurrency: { limit: 1 } }, async (ctx, id) => {
      await ctx.waitForEvent("go", { match: { id } });
      return ctx.step("work", () => id);
    });
    await within({ definitions: [waiting] }, async (test) => {
      const [a, b] = [await test.start(waiting, "a"), await test.start(waiting, "b")];
      await test.settle();
      assert.deepEqual([await a.status(), await b.status()], ["waiting", "waiting"]);
      assert.equal((await b.detail()).row.reason?.code, "event", "both have reached their event");
      await test.emit({ name: "go", data: { id: "b" } });
      assert.equal(await b.result(), "b");
      await test.emit({ name: "go", data: { id: "a" } });
      assert.equal(await a.result(), "a");
    });
  });

  it("a run that waited for days takes a slot again, even if the limit was unused meanwhile", async () => {
    const waiting = workflow<string>(
      { name: "waiting", concurrency: { limit: 1, key: (id) => id } },
      async (ctx, id) => {
        await ctx.sleep("nap", "3d");
        return ctx.step("work", () => id);
      },
    );
    await within({ definitions: [waiting] }, async (test) => {
      const [a, b] = [await test.start(waiting, "a"), await test.start(waiting, "a")];
      assert.deepEqual([await a.result(), await b.result()], ["a", "a"]);
    });
  });

  it("hold: run keeps the slot while the run waits", async () => {
    const held = workflow<string>({ name: "held", concurrency: { limit: 1, hold: "run" } }, async (ctx, id) => {
      await ctx.waitForEvent("go", { match: { id } });
      return id;
    });
    await within({ definitions: [held] }, async (test) => {
      const [a, b] = [await test.start(held, "a"), await test.start(held, "b")];
      await test.settle();
      assert.equal((await b.detail()).row.reason?.code, "slot");
      await test.emit({ name: "go", data: { id: "a" } });
      assert.equal(await a.result(), "a");
      await test.settle();
      assert.equal((await b.detail()).row.reason?.code, "event");
    });
  });

  it("failed, cancelled, suspended and crashed runs leave no slot", async () => {
    const job = workflow<string>({ name: "job", concurrency: { limit: 1 } }, async (ctx, what) => {
      if (what === "fail") throw new NonRetryableError("no");
      await ctx.step("work", () => what);
      if (what === "suspend")
        await ctx.step("bad", () => Promise.reject(new NonRetryableError("x")), { whenExhausted: "suspend" });
      return what;
    });
    await within({ definitions: [job] }, async (test) => {
      const failed = await test.start(job, "fail");
      const suspended = await test.start(job, "suspend");
      const last = await test.start(job, "ok");
      test.crashAt(test.operations + 2);
      assert.equal(await last.result(), "ok");
      assert.equal(await failed.status(), "failed");
      assert.equal(await suspended.status(), "suspended");
      await test.crash();
      assert.equal(await (await test.start(job, "ok")).result(), "ok");
    });
  });

  it("compensation needs no slot, so waiting runs cannot block it", async () => {
    const acts: string[] = [];
    const held = workflow<string>({ name: "held", concurrency: { limit: 1, hold: "run" } }, async (ctx, id) => {
      await ctx.step("do", () => void acts.push(`do ${id}`), { undo: () => void acts.push(`undo ${id}`) });
      await ctx.waitForEvent("go", { match: { id } });
    });
    await within({ definitions: [held] }, async (test) => {
      const [a, b] = [await test.start(held, "a"), await test.start(held, "b")];
      await test.settle();
      await b.cancel({ compensate: true });
      await test.advance("1s");
      assert.equal(await b.status(), "cancelled");
      const c = await test.start(held, "c");
      await a.cancel({ compensate: true });
      await test.advance("1s");
      assert.deepEqual([await a.status(), (await c.detail()).row.reason?.code], ["cancelled", "event"]);
      assert.deepEqual(acts.toSorted(), ["do a", "do c", "undo a"]);
    });
  });

  it("runs of higher priority start ahead in a queue, by ten minutes at most", async () => {
    const order: string[] = [];
    const job = workflow<string>(
      { name: "job", concurrency: { limit: 1 }, priority: (name) => (name === "vip" ? 600 : 0) },
      (ctx, name) => ctx.step("work", () => void order.push(name)),
    );
    await within({ definitions: [job] }, async (test) => {
      const blocker = workflow({ name: "blocker" }, async () => {});
      test.register(blocker);
      const handles = [];
      for (const name of ["first", "second", "vip"]) handles.push(await test.start(job, name));
      for (const handle of handles) await handle.result();
      assert.deepEqual(order, ["first", "vip", "second"]);
    });
  });

  it("a raised limit is used at the next start, a lowered one drains", async () => {
    const make = (limit: number, version: number) =>
      workflow<number>({ name: "job", version, concurrency: { limit, hold: "run" } }, (ctx) =>
        ctx.waitForEvent("never"),
      );
    const [one, three] = [make(1, 1), make(3, 2)];
    await within({ definitions: [one] }, async (test) => {
      const handles = [await test.start(one, 1), await test.start(one, 2), await test.start(one, 3)];
      test.register(three);
      handles.push(await test.start(three, 4));
      await test.settle();
      const details = await Promise.all(handles.map((handle) => handle.detail()));
      assert.deepEqual(
        details.map(({ row }) => row.reason?.code),
        ["event", "event", "event", "slot"],
      );
    });
  });
});

describe("starts", () => {
  it("rateLimit refuses starts above the limit in every window", async () => {
    const job = workflow<string>({ name: "job", rateLimit: { limit: 2, per: "1m", key: (who) => who } }, () => 1);
    await within({ definitions: [job] }, async (test) => {
      await test.start(job, "a");
      await test.advance("50s");
      await test.start(job, "a");
      await assert.rejects(test.start(job, "a"), { code: "rate-limited" });
      await test.start(job, "b");
      await test.advance("15s");
      await test.start(job, "a");
      await assert.rejects(test.start(job, "a"), /try again|the rate limit of/);
      await test.advance("45s");
      await test.start(job, "a");
    });
  });

  it("throttle delays starts above the limit", async () => {
    const at: number[] = [];
    const job = workflow({ name: "job", throttle: { limit: 2, per: "1m" } }, (ctx) =>
      ctx.step("now", () => void at.push(1)),
    );
    await within({ definitions: [job] }, async (test) => {
      for (let i = 0; i < 5; i++) await test.start(job, null);
      await test.settle();
      assert.equal(at.length, 2);
      await test.advance("61s");
      assert.equal(at.length, 4);
      await test.advance("61s");
      assert.equal(at.length, 5);
    });
  });

  it("a throttled start that is cancelled before its time gives its place to the next start", async () => {
    const times: number[] = [];
    await within({}, async (test) => {
      const startedAt = test.clock.now();
      const job = workflow<number>({ name: "job", throttle: { limit: 1, per: "10s" } }, (ctx) =>
        ctx.step("note", () => void times.push((test.clock.now() - startedAt) / 1_000)),
      );
      test.register(job);
      const handles = [];
      for (let n = 0; n < 5; n++) handles.push(await test.start(job, n));
      // The places are 0, 10, 20, 30 and 40 s.
      await handles[1]?.cancel();
      await handles[3]?.suspend();
      await handles[3]?.cancel();
      await test.start(job, 5);
      await test.advance("15s");
      await test.start(job, 6);
      await test.start(job, 7);
      await test.advance("2m");
      assert.deepEqual(times, [0, 10, 20, 30, 40, 50]);
    });
  });

  it("a place that was given back and is over is not used", async () => {
    const times: number[] = [];
    await within({}, async (test) => {
      const startedAt = test.clock.now();
      const job = workflow<number>({ name: "job", throttle: { limit: 1, per: "10s" } }, (ctx) =>
        ctx.step("note", () => void times.push((test.clock.now() - startedAt) / 1_000)),
      );
      test.register(job);
      await test.start(job, 0);
      const second = await test.start(job, 1);
      await test.start(job, 2);
      await second.cancel();
      await test.advance("12s");
      // A start now would be too close to the one at 20 s.
      await test.start(job, 3);
      await test.advance("1m");
      assert.deepEqual(times, [0, 20, 30]);
    });
  });

  it("debounce makes one run of consecutive starts, with the last input, within its maximum wait", async () => {
    const seen: number[] = [];
    const job = workflow<number>({ name: "job", debounce: { wait: "10s", max: "25s" } }, (ctx, n) =>
      ctx.step("see", () => void seen.push(n)),
    );
    await within({ definitions: [job] }, async (test) => {
      const first = await test.baton.start(job, 1);
      const second = await test.baton.start(job, 2);
      assert.deepEqual([second.id, second.isNew], [first.id, false]);
      await test.advance("11s");
      assert.deepEqual(seen, [2]);
      for (let n = 3; n < 9; n++) {
        await test.start(job, n);
        await test.advance("8s");
      }
      assert.ok(seen.length >= 2, "the maximum wait ends the debounce");
    });
  });

  it("a debounced start moves its deadline", async () => {
    const definition = workflow<number, number>(
      { name: "last", debounce: { wait: "10s", max: "100s" }, deadline: "30s" },
      (_ctx, input) => input,
    );
    await within({ definitions: [definition] }, async (test) => {
      const handle = await test.start(definition, 0);
      for (let i = 1; i < 9; i++) {
        await test.advance("8s");
        await test.start(definition, i);
      }
      assert.equal(await handle.result(), 8);
    });
  });

  it("debounced and batched starts respect their throttle", async () => {
    const times = new Map<string, number[]>();
    const throttle = { limit: 1, per: "1h" } as const;
    const note = (name: string, at: number): void => void times.set(name, [...(times.get(name) ?? []), at]);
    await within({}, async (test) => {
      const startedAt = test.clock.now();
      const debounced = workflow<string>(
        { name: "debounced", throttle, debounce: { wait: "10s", key: (input) => input } },
        (ctx) => ctx.step("s", () => note("debounced", test.clock.now() - startedAt)),
      );
      const batched = workflow<number>({ name: "batched", throttle, batch: { wait: "10s", size: 2 } }, (ctx) =>
        ctx.step("s", () => note("batched", test.clock.now() - startedAt)),
      );
      test.register(debounced);
      test.register(batched);
      for (const key of ["a", "b", "b"]) await test.start(debounced, key);
      for (let i = 0; i < 6; i++) await test.start(batched, i);
      await test.advance("5h");
      assert.deepEqual(times.get("debounced"), [10_000, 3_610_000]);
      assert.deepEqual(times.get("batched"), [10_000, 3_610_000, 7_210_000]);
    });
  });

  it("a full batch starts at once when its throttle has capacity", async () => {
    const definition = workflow<number>(
      { name: "roomy", throttle: { limit: 3, per: "1m" }, batch: { wait: "1h", size: 2 } },
      () => "done",
    );
    await within({ definitions: [definition] }, async (test) => {
      for (let n = 0; n < 4; n++) {
        const handle = await test.start(definition, n);
        await test.start(definition, n);
        await test.advance("1s");
        assert.equal(await handle.status(), "completed");
        await test.advance("2h");
      }
    });
  });

  it("keys of two workflows never collide, whatever their names", async () => {
    const first = workflow<string>({ name: "a", debounce: { wait: "1m", key: (input) => input } }, () => 1);
    const second = workflow<string>({ name: "a/debounce", singleton: { policy: "skip" } }, () => 2);
    await within({ definitions: [first, second] }, async (test) => {
      const [one, two] = [await test.start(first, "newest"), await test.start(second, "x")];
      assert.notEqual(one.id, two.id);
      assert.deepEqual([await one.result(), await two.result()], [1, 2]);
    });
  });

  it("batch starts one run with the list of inputs, when it is full or its wait is over", async () => {
    const seen: number[][] = [];
    const job = workflow<number>({ name: "job", batch: { size: 3, wait: "10s" } }, async (ctx, numbers) => {
      await ctx.step("see", () => void seen.push(numbers));
    });
    await within({ definitions: [job] }, async (test) => {
      for (let n = 1; n <= 4; n++) await test.start(job, n);
      await test.settle();
      assert.deepEqual(seen, [[1, 2, 3]]);
      await test.advance("11s");
      assert.deepEqual(seen, [[1, 2, 3], [4]]);
    });
  });

  it("a singleton also accepts its policy in the deprecated option `when`", async () => {
    const old = workflow<string>({ name: "old", singleton: { when: "skip" } }, (ctx) => ctx.waitForEvent("end"));
    await within({ definitions: [old] }, async (test) => {
      const first = await test.start(old, "x");
      await assert.rejects(test.start(old, "y"), { code: "skipped", details: { run: first.id } });
    });
  });

  it("a singleton skips, queues or replaces", async () => {
    const make = (policy: "skip" | "queue" | "replace") =>
      workflow<string>({ name: policy, singleton: { policy, key: (id) => id } }, (ctx, id) =>
        ctx.waitForEvent("end", { match: { id } }),
      );
    const [skip, queue, replace] = [make("skip"), make("queue"), make("replace")];
    await within({ definitions: [skip, queue, replace] }, async (test) => {
      const kept = await test.start(skip, "x");
      await assert.rejects(test.start(skip, "x"), {
        code: "skipped",
        message: `skip was not started: run ${kept.id} is open and it is a singleton`,
      });
      assert.notEqual((await test.start(skip, "y")).id, kept.id);
      const running = await test.start(queue, "q");
      const queued = await test.start(queue, "q");
      await test.settle();
      assert.deepEqual(
        [(await running.detail()).row.reason?.code, (await queued.detail()).row.reason?.code],
        ["event", "slot"],
      );
      const old = await test.start(replace, "r");
      await test.settle();
      const fresh = await test.start(replace, "r");
      await test.advance("5s");
      assert.deepEqual([await old.status(), await fresh.status()], ["cancelled", "waiting"]);
      await test.emit({ name: "end", data: { id: "x" } });
      await kept.result();
      assert.notEqual((await test.start(skip, "x")).id, kept.id, "the key is free after its end");
    });
  });

  it("a deadline fails a run that has not ended, even one that waits for its slot", async () => {
    const slow = workflow({ name: "slow", deadline: "1h", concurrency: { limit: 1, hold: "run" } }, (ctx) =>
      ctx.waitForEvent("never"),
    );
    await within({ definitions: [slow] }, async (test) => {
      const [working, queued] = [await test.start(slow, null), await test.start(slow, null)];
      await test.advance("61m");
      for (const handle of [working, queued]) {
        const { row } = await handle.detail();
        assert.equal(row.status, "failed");
        assert.equal(row.error?.code, "deadline");
      }
      await working.resume();
      assert.equal(await working.status(), "waiting", "resumed with its full time again");
    });
  });

  it("refuses options that make no sense", () => {
    assert.throws(() => workflow({ name: "x", concurrency: { limit: 0 } }, () => 1), /concurrency.limit/);
    assert.throws(() => workflow({ name: "x", rateLimit: { limit: 1, per: "soon" as never } }, () => 1), /rate.per/);
    assert.throws(
      () => workflow({ name: "x", debounce: { wait: "1s" }, batch: { size: 2, wait: "1s" } }, () => 1),
      /cannot be combined/,
    );
  });
});
