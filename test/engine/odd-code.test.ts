import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Context, workflow } from "baton";
import { openTestBaton, type TestHandle } from "baton/testing";

/** Runs a workflow to its end; an unhandled rejection fails the test by itself. */
async function run<T>(code: (ctx: Context) => Promise<T>): Promise<T> {
  const test = await openTestBaton();
  try {
    const definition = workflow({ name: "odd" }, code);
    test.register(definition);
    const handle: TestHandle<T> = await test.start(definition, null);
    return await handle.result();
  } finally {
    await test.close();
  }
}

const unreadable = {
  name: "Evil",
  get message(): string {
    throw new Error("not even that");
  },
};

describe("odd code", () => {
  it("can use any step name", async () => {
    const names = ["__proto__", "constructor", "toString", "a/b", "a#2", "#1", ":", "%2F", "ü💥", "x".repeat(200)];
    assert.deepEqual(
      await run(async (ctx) => {
        const seen: string[] = [];
        for (const name of names) seen.push(await ctx.step(name, () => name));
        return seen;
      }),
      names,
    );
  });

  it("can await a failure after it happened", async () => {
    const failing = workflow({ name: "unknown here" }, () => 1);
    const fail = (): never => {
      throw new Error("no");
    };
    const promises: { [name: string]: (ctx: Context) => Promise<unknown> } = {
      step: (ctx) => ctx.step("fails", fail, { retry: false }),
      call: (ctx) => ctx.call(failing, null),
      map: (ctx) => ctx.map("items", [1], (_item, inside) => inside.step("fails", fail, { retry: false })),
      race: (ctx) => ctx.race({ only: (inside) => inside.step("fails", fail, { retry: false }) }),
    };
    for (const [name, makePromise] of Object.entries(promises)) {
      const result = await run(async (ctx) => {
        const late = makePromise(ctx);
        for (const step of ["one", "two", "three"]) await ctx.step(step, () => 1);
        return late.then(
          () => "none",
          () => "failure",
        );
      });
      assert.equal(result, "failure", name);
    }
  });

  it("can throw an unreadable error; the run still fails", async () => {
    const expected = /cannot be read/;
    await assert.rejects(
      run(() => Promise.reject(unreadable)),
      expected,
    );
    await assert.rejects(
      run((ctx) => ctx.step("s", () => Promise.reject(unreadable), { retry: false })),
      expected,
    );
  });

  it("can throw a value that throws on every access, in a step and between steps", async () => {
    const refuse = (): never => {
      throw new Error("no access");
    };
    const hostile = new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse });
    let attempts = 0;
    await assert.rejects(
      run(() => Promise.reject(hostile)),
      /cannot be read/,
    );
    await assert.rejects(
      run((ctx) =>
        ctx.step("s", () => {
          attempts += 1;
          return Promise.reject(hostile);
        }),
      ),
      /cannot be read/,
    );
    assert.equal(attempts, 3);
  });

  it("can have a retry rule that throws or an invalid RetryAfter; the attempts decide", async () => {
    const when = (): never => {
      throw new Error("the rule is broken");
    };
    const vague = Object.assign(new Error("later"), {
      delay: "soonish",
      [Symbol.for("baton.retry-after")]: true,
    });
    for (const [retry, error] of [
      [{ attempts: 2, when }, new Error("no")],
      [{ attempts: 2 }, vague],
    ] as const) {
      const attempts = await run((ctx) =>
        ctx.step("s", ({ number }) => (number < 2 ? Promise.reject(error) : Promise.resolve(number)), { retry }),
      );
      assert.equal(attempts, 2);
    }
  });

  it("cannot wait for an event by a value that cannot be compared", async () => {
    for (const match of [{ order: undefined }, { at: new Date(0) }, { ids: new Map() }, {}])
      await assert.rejects(
        run((ctx) => ctx.waitForEvent("paid", { match })),
        /the wait for paid cannot match/,
      );
  });

  it("continues if the options of a recorded wait would be refused today", async () => {
    const old = { time: "2026-01-03T00:00:00Z", match: { order: 7 } as Record<string, unknown> };
    let executions = 0;
    const patient = workflow({ name: "patient" }, async (ctx) => {
      executions += 1;
      await ctx.sleepUntil("until", old.time);
      const paid = await ctx.waitForEvent<{ order: number }>("paid", { match: old.match });
      await ctx.sleep("rest", "1d");
      return paid?.data.order;
    });
    const test = await openTestBaton({ definitions: [patient], startAt: "2026-01-01T00:00:00Z" });
    const run = await test.start(patient, undefined);
    await test.settle();
    old.time = "2026-01-03T00:00:00";
    await test.advance("3d");
    old.match = { order: undefined };
    await test.advance("1h");
    await test.baton.emit({ name: "paid", source: "shop", id: "1", data: { order: 7 } });
    await test.advance("2d");
    assert.equal(await run.result(), 7);
    assert.ok(executions > 2, `the code was executed ${executions} times`);
    await test.close();
  });

  it("cannot wait for a time beyond the date range", async () => {
    await assert.rejects(
      run((ctx) => ctx.sleepUntil("far", 1e300)),
      /needs a valid timestamp/,
    );
    await assert.rejects(
      run((ctx) => ctx.sleepUntil("local", "2026-02-01T09:30:00")),
      /needs a valid timestamp, not 2026-02-01T09:30:00/,
    );
    await assert.rejects(
      run((ctx) => ctx.sleepUntil("never", null as never)),
      /needs a valid timestamp, not null/,
    );
    await assert.rejects(
      run((ctx) => ctx.sleep("long", Number.MAX_SAFE_INTEGER)),
      /a thousand years/,
    );
  });

  it("cannot run a step or a wait inside a step, where a replay would not reach it", async () => {
    const inside: ((ctx: Context) => Promise<unknown>)[] = [
      (ctx) => ctx.step("inner", () => 1),
      (ctx) => ctx.sleep("inner", "1h"),
      (ctx) => ctx.map("inner", [1], () => 1),
      (ctx) => ctx.waitForEvent("inner"),
    ];
    for (const makePromise of inside)
      await assert.rejects(
        run((ctx) => ctx.step("outer", () => makePromise(ctx), { retry: false })),
        /"inner" is used inside the step "outer"/,
      );
    const chain = await run((ctx) => ctx.step("one", () => 1).then(() => ctx.step("two", () => 2)));
    assert.equal(chain, 2);
  });

  it("can use randomness inside steps without changing it outside, also in a replay", async () => {
    const test = await openTestBaton();
    const seen: string[] = [];
    const definition = workflow({ name: "chance" }, async (ctx) => {
      await ctx.step("inside", () => [ctx.uuid(), ctx.random()]);
      seen.push(`${ctx.uuid()} ${ctx.random()}`);
      await ctx.sleep("long", "1h");
    });
    test.register(definition);
    await (await test.start(definition, null)).result();
    await test.close();
    assert.equal(seen.length, 2);
    assert.equal(seen[0], seen[1]);
  });

  it("can continue without attributes that were refused", async () => {
    const code = async (ctx: Context): Promise<string> => {
      const refusal = await ctx
        .setAttributes({ big: "x".repeat(5_000) })
        .catch((error: { code: string }) => error.code);
      await ctx.setAttributes({ small: 1 });
      return String(refusal);
    };
    assert.equal(await run(code), "limit");
  });
});
