import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type AnyWorkflow,
  type ChildFailedError,
  type Context,
  NonRetryableError,
  RetryAfter,
  type StepFailedError,
  workflow,
} from "baton";
import { openTestBaton, type TestBaton } from "baton/testing";

async function withBaton(definitions: readonly AnyWorkflow[], body: (test: TestBaton) => Promise<void>): Promise<void> {
  const test = await openTestBaton({ definitions });
  try {
    await body(test);
    assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
  } finally {
    await test.close();
  }
}

/** Runs a workflow to its end and returns its result. */
async function run<T>(code: (ctx: Context) => Promise<T>): Promise<T> {
  const definition = workflow({ name: "w" }, code);
  let value: T | undefined;
  await withBaton([definition], async (test) => {
    value = await (await test.start(definition, null)).result();
  });
  return value as T;
}

describe("steps", () => {
  it("returns the round-tripped value, even the first time", async () => {
    const at = new Date(0);
    assert.deepEqual(await run(async (ctx) => ctx.step("date", () => ({ at, gone: undefined, zero: -0 }))), {
      at: at.toJSON(),
      zero: 0,
    });
  });

  it("distinguishes undefined from null", async () => {
    assert.deepEqual(
      await run(async (ctx) => [(await ctx.step("u", () => undefined)) === undefined, await ctx.step("n", () => null)]),
      [true, null],
    );
  });

  it("retries with exponential backoff and one idempotency key, then records the result once", async () => {
    const seen: { number: number; key: string }[] = [];
    const definition = workflow({ name: "w" }, async (ctx) =>
      ctx.step(
        "flaky",
        (attempt) => {
          seen.push({ number: attempt.number, key: attempt.idempotencyKey });
          if (attempt.number < 4) throw new Error(`503 number ${attempt.number}`);
          return "ok";
        },
        { retry: { attempts: 5, first: "1s", max: "1m", jitter: 0 } },
      ),
    );
    await withBaton([definition], async (test) => {
      const begun = test.clock.now();
      const handle = await test.start(definition, null);
      assert.equal(await handle.result(), "ok");
      assert.deepEqual(
        seen.map((each) => each.number),
        [1, 2, 3, 4],
      );
      assert.equal(new Set(seen.map((each) => each.key)).size, 1);
      assert.ok(test.clock.now() - begun >= 7_000, "1 s, 2 s and 4 s of backoff");
      const detail = await handle.detail();
      assert.deepEqual(
        detail.attempts.map((each) => [each.number, each.outcome, each.error?.message]),
        [1, 2, 3].map((n) => [n, "failed", `503 number ${n}`]),
      );
    });
  });

  it("stops at a NonRetryableError, at `when` and at the last attempt", async () => {
    const attempts = async (thrown: () => Error, retry: object): Promise<number> => {
      let n = 0;
      await run(async (ctx) =>
        ctx
          .step(
            "s",
            () => {
              n += 1;
              throw thrown();
            },
            { retry: { first: 1, ...retry } },
          )
          .catch(() => null),
      );
      return n;
    };
    assert.equal(await attempts(() => new NonRetryableError("no"), {}), 1);
    assert.equal(await attempts(() => new Error("no"), { when: () => false }), 1);
    assert.equal(await attempts(() => new Error("no"), { attempts: 4, backoff: "linear" }), 4);
  });

  it("does not retry before a RetryAfter has passed", async () => {
    const definition = workflow({ name: "w" }, async (ctx) =>
      ctx.step(
        "s",
        (attempt) => {
          if (attempt.number === 1) throw new RetryAfter("1h");
          return attempt.number;
        },
        { retry: { first: 1 } },
      ),
    );
    await withBaton([definition], async (test) => {
      const begun = test.clock.now();
      assert.equal(await (await test.start(definition, null)).result(), 2);
      assert.ok(test.clock.now() - begun >= 3_600_000);
    });
  });

  it("aborts an attempt at its timeout and drops its late result", async () => {
    const aborted: unknown[] = [];
    const definition = workflow({ name: "w" }, async (ctx) =>
      ctx.step(
        "slow",
        (attempt) => {
          if (attempt.number === 2) return "second";
          return new Promise((_resolve, reject) =>
            attempt.signal.addEventListener("abort", () => {
              aborted.push((attempt.signal.reason as { code: string }).code);
              reject(new Error("late"));
            }),
          );
        },
        { timeout: "30s", retry: { first: 1 } },
      ),
    );
    const test = await openTestBaton({ definitions: [definition] });
    const handle = await test.start(definition, null);
    await test.baton.engine.store.query("counts", {});
    while (!test.baton.engine.isBusy) await new Promise((resolve) => setImmediate(resolve));
    test.clock.fireNext(test.clock.now() + 1_000);
    while (aborted.length === 0) {
      test.clock.fireNext(test.clock.now() + 31_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await handle.result(), "second");
    assert.deepEqual(aborted, ["timeout"]);
    assert.deepEqual(
      (await handle.detail()).attempts.map((each) => each.outcome),
      ["timed-out"],
    );
    await test.close();
  });

  it("throws StepFailedError after the last attempt, which the code can catch, also in replay", async () => {
    const definition = workflow({ name: "w" }, async (ctx) => {
      try {
        await ctx.step(
          "bad",
          () => {
            throw Object.assign(new Error("declined"), { code: "card" });
          },
          { retry: false },
        );
      } catch (error) {
        const failed = error as StepFailedError;
        await ctx.sleep("nap", "1d");
        return [
          failed.name,
          failed.step,
          failed.message,
          (failed.cause as { code: string }).code,
          await ctx.step("after", () => 1),
        ];
      }
      return [];
    });
    await withBaton([definition], async (test) => {
      assert.deepEqual(await (await test.start(definition, null)).result(), [
        "StepFailedError",
        "bad",
        "declined",
        "card",
        1,
      ]);
    });
  });

  it("continues without a value or suspends, as `whenExhausted` says", async () => {
    let isMended = false;
    const definition = workflow({ name: "w" }, async (ctx) => {
      const nothing = await ctx.step("optional", () => Promise.reject(new Error("no")), {
        retry: false,
        whenExhausted: "continue",
      });
      const value = await ctx.step(
        "held",
        () => {
          if (!isMended) throw new Error("down");
          return "up";
        },
        { retry: { attempts: 2, first: 1 }, whenExhausted: "suspend" },
      );
      return { nothing, value };
    });
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      await assert.rejects(handle.result(), { code: "suspended" });
      assert.equal((await handle.detail()).row.reason?.code, "exhausted");
      isMended = true;
      await handle.resume();
      assert.deepEqual(await handle.result(), { value: "up" });
    });
  });

  it("numbers steps of the same name, or uses a given key", async () => {
    const definition = workflow({ name: "w" }, async (ctx) => {
      for (let i = 0; i < 3; i++) await ctx.step("tick", () => i);
      return ctx.step("tick", () => "last", { key: "final" });
    });
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      await handle.result();
      assert.deepEqual(
        (await handle.detail()).entries.map((entry) => entry.key),
        ["tick", "tick#2", "tick#3", "final"],
      );
    });
  });

  it("refuses an output that JSON would alter, with its path, without a retry", async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    const cases: [unknown, string][] = [
      [{ items: [{ price: 1 }, { price: Number.NaN }] }, "output.items[1].price"],
      [{ f: () => 1 }, "output.f"],
      [{ n: 10n }, "output.n"],
      [cyclic, "output.self"],
      [new Map(), "output"],
      [["\ud800"], "output[0]"],
      [JSON.parse('{"a":{"__proto__":1}}'), "output.a.__proto__"],
    ];
    for (const [value, path] of cases) {
      const definition = workflow({ name: "w" }, async (ctx) => ctx.step("s", () => value));
      await withBaton([definition], async (test) => {
        const handle = await test.start(definition, null);
        await assert.rejects(handle.result(), (error: Error) => error.message.includes(path), path);
        assert.equal((await handle.detail()).attempts.length, 1);
      });
    }
  });

  it("runs `once` at most once; after a crash during it the run needs a person", async () => {
    let runs = 0;
    const definition = workflow({ name: "w" }, async (ctx) =>
      ctx.once("wire money", () => {
        runs += 1;
        return runs === 1 ? new Promise(() => {}) : "sent";
      }),
    );
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      while (runs === 0) await new Promise((resolve) => setImmediate(resolve));
      await test.crash();
      await assert.rejects(handle.result(), { code: "suspended" });
      assert.equal((await handle.detail()).row.reason?.code, "unknown-outcome");
      assert.equal(runs, 1);
      await handle.resume();
      assert.equal(await handle.result(), "sent");
    });
  });

  it("commits `tx` rows and its result together, and rolls both back", async () => {
    let tries = 0;
    const definition = workflow({ name: "w" }, async (ctx) => {
      await ctx.tx("schema", (db) => db.query("create table payments (id integer)"));
      await ctx.tx(
        "pay",
        async (db) => {
          await db.query("insert into payments values (?)", [7]);
          tries += 1;
          if (tries < 2) throw new Error("again");
        },
        { retry: { first: 1 } },
      );
      return ctx.tx("read", (db) => db.query("select id from payments"));
    });
    await withBaton([definition], async (test) => {
      assert.deepEqual(await (await test.start(definition, null)).result(), [{ id: 7 }]);
    });
  });

  it("records a declared input and passes it to the attempt", async () => {
    const definition = workflow({ name: "w" }, async (ctx) =>
      ctx.step("s", (attempt) => attempt.input.n + 1, { input: { n: 1 } }),
    );
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      assert.equal(await handle.result(), 2);
      assert.equal((await handle.detail()).entries[0]?.input, '{"n":1}');
    });
  });

  it("keeps log lines of steps and of the code between them, once", async () => {
    const definition = workflow({ name: "w" }, async (ctx) => {
      ctx.log.info("begun", { a: 1 });
      await ctx.step("s", (attempt) => attempt.log.warn("in step"));
      await ctx.sleep("nap", "1d");
      ctx.log.info("woken");
    });
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      await handle.result();
      const { row } = await handle.detail();
      const logs = await test.baton.engine.store.query("logs", { run: row.no, after: 0, limit: 10 });
      assert.deepEqual(
        logs.map((line) => [line.key, line.level, line.message]),
        [
          [null, "info", "begun"],
          ["s", "warn", "in step"],
          [null, "info", "woken"],
        ],
      );
    });
  });
});

describe("waits", () => {
  it("sleeps for months outside memory and never wakes early", async () => {
    const definition = workflow({ name: "w" }, async (ctx) => {
      const before = ctx.now();
      await ctx.sleep("long", "90d");
      return ctx.now() - before;
    });
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      await test.settle();
      assert.equal(test.baton.engine.activeCount, 0);
      assert.ok((await handle.result({ within: "100d" })) >= 90 * 86_400_000);
    });
  });

  it("returns null after its timeout, or the event if it arrived first", async () => {
    const definition = workflow({ name: "w" }, async (ctx) => {
      const first = await ctx.waitForEvent<{ n: number }>("go", { match: { n: 1 }, timeout: "1h" });
      const second = await ctx.waitForEvent("go", { match: { n: 2 }, timeout: "1h" });
      return [first?.data.n, second];
    });
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      await test.settle();
      assert.equal((await test.emit({ name: "go", data: { n: 1 } })).matched, 1);
      assert.deepEqual(await handle.result(), [1, null]);
    });
  });

  it("receives an earlier event, but one from before its run only with a lookback", async () => {
    const definition = workflow({ name: "w" }, async (ctx, lookback: string | null) => {
      await ctx.sleep("first", "1h");
      const event = await ctx.waitForEvent("go", { timeout: "1m", ...(lookback === null ? {} : { lookback }) });
      return event?.id ?? null;
    });
    await withBaton([definition], async (test) => {
      await test.emit({ name: "go", id: "monday" });
      const strict = await test.start(definition, null);
      const wide = await test.start(definition, "7d");
      assert.equal(await strict.result(), null);
      assert.equal(await wide.result(), "monday");
      const early = await test.start(definition, null);
      await test.settle();
      await test.emit({ name: "go", id: "during" });
      assert.equal(await early.result(), "during");
    });
  });

  it("a race has one winner; the losers' waits are removed and their steps aborted", async () => {
    let isAborted = false;
    const definition = workflow({ name: "w" }, async (ctx) => {
      const first = await ctx.race({
        event: (branch) => branch.waitForEvent("never"),
        nap: async (branch) => {
          await branch.sleep("nap", "1h");
          return branch.step("won", () => "slept");
        },
        work: (branch) =>
          branch.step(
            "hang",
            (attempt) =>
              new Promise((resolve) =>
                attempt.signal.addEventListener("abort", () => {
                  isAborted = true;
                  resolve("late");
                }),
              ),
          ),
      });
      await ctx.sleep("after", "1h");
      return first;
    });
    const test = await openTestBaton({ definitions: [definition] });
    const handle = await test.start(definition, null);
    const until = test.clock.now() + 3_600_000;
    for (let i = 0; i < 200 && !isAborted; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (i > 50) test.clock.fireNext(until);
    }
    assert.deepEqual(await handle.result(), { winner: "nap", value: "slept" });
    assert.equal(isAborted, true);
    assert.deepEqual((await handle.detail()).waits, []);
    await test.close();
  });
});

describe("children", () => {
  const double = workflow({ name: "double" }, async (ctx, n: number) => ctx.step("double", () => n * 2));

  it("calls a child and gets its typed result", async () => {
    const parent = workflow({ name: "parent" }, async (ctx) => {
      const results = await Promise.all([ctx.call(double, 1), ctx.call(double, 2)]);
      const { id } = await ctx.start(double, 3);
      return { sum: results[0] + results[1], started: id.startsWith("run_") };
    });
    await withBaton([parent, double], async (test) => {
      assert.deepEqual(await (await test.start(parent, null)).result(), { sum: 6, started: true });
      assert.equal((await test.baton.runs({ name: "double" })).length, 3);
    });
  });

  it("throws ChildFailedError, and a resume of the parent resumes the child", async () => {
    let isMended = false;
    const child = workflow({ name: "child" }, async (ctx) => {
      const kept = await ctx.step("kept", () => "kept");
      return [
        kept,
        await ctx.step(
          "bad",
          () => {
            if (!isMended) throw new Error("down");
            return "mended";
          },
          { retry: false },
        ),
      ];
    });
    const parent = workflow({ name: "parent" }, async (ctx) => ctx.call(child, null));
    const catching = workflow({ name: "catching" }, async (ctx) =>
      ctx.call(child, null).catch((error: ChildFailedError) => [error.name, error.code]),
    );
    await withBaton([parent, child, catching], async (test) => {
      assert.deepEqual(await (await test.start(catching, null)).result(), ["ChildFailedError", "child-failed"]);
      const handle = await test.start(parent, null);
      await assert.rejects(handle.result(), { code: "run-failed" });
      isMended = true;
      await handle.resume();
      assert.deepEqual(await handle.result(), ["kept", "mended"]);
      assert.equal((await test.baton.runs({ name: "child" })).length, 2);
    });
  });

  it("a resumed parent gets a new child in place of a cancelled one", async () => {
    let isQuick = false;
    const child = workflow({ name: "child" }, async (ctx) => {
      if (!isQuick) await ctx.sleep("long", "1d");
      return "done";
    });
    const parent = workflow({ name: "parent" }, async (ctx) => ctx.call(child, null));
    await withBaton([parent, child], async (test) => {
      const handle = await test.start(parent, null);
      await test.settle();
      const [first] = await test.baton.runs({ name: "child" });
      await (await test.baton.get(first?.id ?? "")).cancel();
      await assert.rejects(handle.result(), { code: "run-failed" });
      isQuick = true;
      await handle.resume();
      assert.equal(await handle.result(), "done");
      const children = await test.baton.runs({ name: "child" });
      assert.deepEqual(
        children.map((run) => run.status),
        ["completed", "cancelled"],
      );
    });
  });

  it("a cancel reaches the child", async () => {
    const sleeper = workflow({ name: "sleeper" }, async (ctx) => ctx.sleep("long", "1d"));
    const parent = workflow({ name: "parent" }, async (ctx) => ctx.call(sleeper, null));
    await withBaton([parent, sleeper], async (test) => {
      const handle = await test.start(parent, null);
      await test.settle();
      await handle.cancel();
      assert.equal(await handle.status(), "cancelled");
      assert.deepEqual(
        (await test.baton.runs({ name: "sleeper" })).map((run) => run.status),
        ["cancelled"],
      );
    });
  });
});

describe("map", () => {
  it("returns results in the order of the items, within its concurrency", async () => {
    let active = 0;
    let most = 0;
    const results = await run(async (ctx) =>
      ctx.map(
        "items",
        [5, 4, 3, 2, 1],
        async (item, branch) =>
          branch.step("work", async () => {
            active += 1;
            most = Math.max(most, active);
            await new Promise((resolve) => setImmediate(resolve));
            active -= 1;
            return item * 10;
          }),
        { concurrency: 2 },
      ),
    );
    assert.deepEqual(results, [50, 40, 30, 20, 10]);
    assert.equal(most, 2);
  });

  it("tolerates a number of failures, and resumes only the failed items", async () => {
    const work: number[] = [];
    let isMended = false;
    const definition = workflow({ name: "w" }, async (ctx, tolerate: number) => {
      const results = await ctx.map(
        "items",
        [0, 1, 2, 3],
        (item, branch) =>
          branch.step(
            "work",
            () => {
              work.push(item);
              if (item === 2 && !isMended) throw new Error("bad item");
              return item;
            },
            { retry: false },
          ),
        { tolerateFailures: tolerate },
      );
      return results.map((result) => (typeof result === "number" ? result : result.error.message));
    });
    await withBaton([definition], async (test) => {
      assert.deepEqual(await (await test.start(definition, 1)).result(), [0, 1, "bad item", 3]);
      work.length = 0;
      const strict = await test.start(definition, 0);
      await assert.rejects(strict.result());
      isMended = true;
      await strict.resume();
      assert.deepEqual(await strict.result(), [0, 1, 2, 3]);
      assert.deepEqual(work.filter((item) => item === 2).length, 2);
      assert.deepEqual(work.filter((item) => item === 0).length, 1);
    });
  });
});

describe("derived values", () => {
  it("now, random and uuid are the same after a crash", async () => {
    const seen: unknown[][] = [];
    const definition = workflow({ name: "w" }, async (ctx) => {
      await ctx.step("a", () => 1);
      const values = [ctx.now(), ctx.random(), ctx.random(), ctx.uuid(), ctx.uuid()];
      seen.push(values);
      await ctx.sleep("nap", "1d");
      return values;
    });
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      await test.settle();
      await test.crash();
      assert.deepEqual(await handle.result(), seen[0]);
      assert.ok(seen.length >= 2);
      for (const values of seen) assert.deepEqual(values, seen[0]);
      assert.notEqual(seen[0]?.[1], seen[0]?.[2]);
      assert.match(String(seen[0]?.[3]), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    });
  });

  it("merges attributes and shows them", async () => {
    const definition = workflow({ name: "w" }, async (ctx) => {
      await ctx.setAttributes({ region: "eu", n: 1 });
      await ctx.setAttributes({ n: 2 });
    });
    await withBaton([definition], async (test) => {
      const handle = await test.start(definition, null);
      await handle.result();
      assert.deepEqual((await handle.detail()).row.attributes, { region: "eu", n: 2 });
    });
  });

  it("an event emitted by a run starts the workflows it triggers", async () => {
    const { on } = await import("baton");
    const listener = workflow({ name: "listener", on: on.event("made") }, async (_ctx, data: { n: number }) => data.n);
    const maker = workflow({ name: "maker" }, async (ctx) => ctx.emit({ name: "made", data: { n: 5 } }));
    await withBaton([listener, maker], async (test) => {
      await (await test.start(maker, null)).result();
      await test.advance("1s");
      const [started] = await test.baton.runs({ name: "listener" });
      assert.equal(started?.status, "completed");
      assert.equal(started?.origin.by, "event");
    });
  });
});
