import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type Context, workflow } from "../../src/index.ts";
import { defaults } from "../../src/kernel/model/limits.ts";
import { openTestBaton, type TestBaton } from "../../src/testing/index.ts";

/** INV-24: what would exceed a limit fails with a clear error before anything is written. */

const oversized = "x".repeat(defaults.payloadMax);
const quiet = workflow({ name: "quiet" }, async (ctx, input: string) => ctx.waitForEvent(input.slice(0, 3)));

async function setup(test: TestContext, ...definitions: Parameters<TestBaton["register"]>[0][]): Promise<TestBaton> {
  const baton = await openTestBaton({ definitions });
  test.after(() => baton.close());
  return baton;
}

/** Counts of everything that may be written. */
async function rows({ baton }: TestBaton): Promise<unknown> {
  const { store } = baton.engine;
  return {
    runs: (await store.query("runs", { before: null, limit: 200 })).length,
    events: (await store.query("events", { name: null, before: null, limit: 200 })).length,
  };
}

const outside: readonly (readonly [string, (test: TestBaton) => Promise<unknown>, string, RegExp])[] = [
  ["an input", ({ baton }) => baton.start(quiet, oversized), "limit", /input has 1048578 bytes, the limit is 1048576/],
  ["an event's data", (test) => test.emit({ name: "e", data: oversized }), "limit", /data has 1048578 bytes/],
  [
    "an event's name",
    (test) => test.emit({ name: "e".repeat(201) }),
    "invalid-event",
    /name of an event must be a string of 1 to 200/,
  ],
  [
    "an event's id",
    (test) => test.emit({ name: "e", id: "i".repeat(513) }),
    "invalid-event",
    /id of an event must be a string of 1 to 512/,
  ],
  ["a business key", ({ baton }) => baton.start(quiet, "a", { key: "k".repeat(513) }), "invalid-name", /business key/],
  [
    "an idempotency key",
    ({ baton }) => baton.start(quiet, "a", { idempotencyKey: "k".repeat(513) }),
    "invalid-name",
    /idempotency key/,
  ],
  [
    "attributes of a start",
    ({ baton }) => baton.start(quiet, "a", { attributes: { a: "x".repeat(5_000) } }),
    "limit",
    /attributes has 5008 bytes, the limit is 4096/,
  ],
  [
    "a list of starts",
    ({ baton }) =>
      baton.startMany(
        quiet,
        Array.from({ length: 10_001 }, () => ({ input: "a" })),
      ),
    "limit",
    /up to 10000 runs/,
  ],
];

describe("from outside", () => {
  for (const [name, act, code, message] of outside) {
    it(`${name} over its limit is refused, and nothing is written`, async (t) => {
      const test = await setup(t, quiet);
      await assert.rejects(act(test), (error: Error & { code: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await rows(test), { runs: 0, events: 0 });
    });
  }
});

/** Calls from code: the run fails with the limit, and nothing of the call is written. */
const inside: readonly (readonly [string, (ctx: Context) => Promise<unknown>, RegExp])[] = [
  [
    "a step's output",
    (ctx) => ctx.step("big", () => oversized),
    /output of "big" has 1048578 bytes, the limit is 1048576/,
  ],
  [
    "a step's declared input",
    (ctx) => ctx.step("big", () => 1, { input: oversized }),
    /input of "big" has 1048578 bytes/,
  ],
  ["a step's name", (ctx) => ctx.step("n".repeat(201), () => 1), /a step's name/],
  ["an emitted event's data", (ctx) => ctx.emit({ name: "e", data: oversized }), /data has 1048578 bytes/],
  ["an emitted event's name", (ctx) => ctx.emit({ name: "e".repeat(201) }), /an event's name/],
  ["a child's input", (ctx) => ctx.call(quiet, oversized), /input has 1048578 bytes/],
  ["attributes", (ctx) => ctx.setAttributes({ a: "x".repeat(5_000) }), /attributes has 5008 bytes/],
  [
    "attributes that grow",
    async (ctx) => {
      for (let i = 0; i < 10; i++) await ctx.setAttributes({ [`a${i}`]: "x".repeat(1_000) });
    },
    /attributes has \d+ bytes, the limit is 4096/,
  ],
  ["a match", (ctx) => ctx.waitForEvent("e", { match: { id: "x".repeat(5_000) } }), /match of e has 5009 bytes/],
];

describe("from code", () => {
  for (const [name, act, message] of inside) {
    it(`${name} over its limit fails the run, and is not written`, async (t) => {
      const greedy = workflow({ name: "greedy", retry: { attempts: 1 } }, async (ctx) => {
        await act(ctx);
      });
      const test = await setup(t, greedy, quiet);
      const handle = await test.start(greedy, undefined);
      await assert.rejects(handle.result(), message);
      const { entries, row } = await handle.detail();
      assert.ok(entries.every((entry) => (entry.value?.length ?? 0) < 10_000 && (entry.input?.length ?? 0) < 10_000));
      assert.ok(JSON.stringify(row.attributes).length <= 4_096);
      assert.deepEqual(await rows(test), { runs: 1, events: 0 });
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    });
  }

  it("an output over the limit fails the run", async (t) => {
    const greedy = workflow({ name: "greedy" }, async () => oversized);
    const test = await setup(t, greedy);
    await assert.rejects((await test.start(greedy, undefined)).result(), /output .*has 1048578 bytes/);
  });

  it("a workflow can raise its limit, up to 16 MiB", async (t) => {
    const big = workflow({ name: "big", payloadMax: 2 * 1024 * 1024 }, async (ctx, input: string) =>
      ctx.step("s", () => input),
    );
    const test = await setup(t, big);
    assert.equal(await (await test.start(big, oversized)).result(), oversized);
    assert.throws(() => workflow({ name: "huge", payloadMax: 17 * 1024 * 1024 }, () => 1), /payloadMax/);
  });

  it("an error is truncated to its limit", async (t) => {
    const loud = workflow({ name: "loud", retry: { attempts: 1 } }, async (ctx) =>
      ctx.step("shout", () => Promise.reject(new Error("a".repeat(10_000_000)))),
    );
    const test = await setup(t, loud);
    const handle = await test.start(loud, undefined);
    await assert.rejects(handle.result(), /cut from 10000000 characters/);
    const { entries } = await handle.detail();
    const value = await test.baton.engine.store.query("payload", { run: 1, part: "step:1" });
    assert.ok((value ?? entries[0]?.value ?? "").length <= defaults.errorMax);
  });

  it("log lines over their limit are dropped, with a line that reports it", async (t) => {
    const chatty = workflow({ name: "chatty" }, async (ctx) => {
      for (let i = 0; i < 2_000; i++) ctx.log.info(`line ${i}`);
      await ctx.step("s", () => 1);
    });
    const wordy = workflow({ name: "wordy" }, async (ctx) => {
      for (let i = 0; i < 100; i++) ctx.log.info("w".repeat(100_000), { data: "d".repeat(100_000) });
      await ctx.step("s", () => 1);
    });
    const test = await setup(t, chatty, wordy);
    for (const [definition, most] of [
      [chatty, defaults.logLinesMax],
      [wordy, 20],
    ] as const) {
      const handle = await test.start(definition, undefined);
      await handle.result();
      const { row } = await handle.detail();
      const lines = await test.baton.engine.store.query("logs", { run: row.no, after: 0, limit: 5_000 });
      assert.ok(lines.length <= most + 1 && lines.length > 5, `${lines.length} lines`);
      assert.equal(lines.at(-1)?.message, "log limit reached: further lines are dropped");
    }
  });

  it("the run fails at its step limit, after a warning at half of it", async (t) => {
    const endless = workflow({ name: "endless" }, async (ctx) => {
      for (let i = 0; ; i++) await ctx.step("again", () => i);
    });
    const test = await setup(t, endless);
    const handle = await test.start(endless, undefined);
    await assert.rejects(handle.result(), /reached the limit of 10000 steps/);
    const { row, entryCount } = await handle.detail();
    assert.equal(entryCount, defaults.stepsMax);
    const lines = await test.baton.engine.store.query("logs", { run: row.no, after: 0, limit: 10 });
    assert.deepEqual(
      lines.map((line) => [line.level, line.message]),
      [["warn", "5000 of at most 10000 steps are used; use ctx.continueAsNew or child runs"]],
    );
  });
});
