import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type Baton, openBaton, type RunFixture, workflow } from "../../src/index.ts";
import { openTestBaton } from "../../src/testing/index.ts";

interface Order {
  readonly id: string;
  readonly amount: number;
}

/** The workflow in production: it fails on the bank's answer. */
const charge = workflow({ name: "charge" }, async (ctx, order: Order) => {
  const account = await ctx.step("find account", () => ({ iban: `DE${order.id}`, limit: 100 }));
  await ctx.step(
    "debit",
    () => {
      if (order.amount > account.limit) throw new Error(`limit of ${account.iban} is exceeded`);
      return "debited";
    },
    { retry: { attempts: 2, first: "1ms" } },
  );
  return "paid";
});

/** The fixed workflow. */
const fixed = workflow({ name: "charge" }, async (ctx, order: Order) => {
  const account = await ctx.step("find account", () => ({ iban: "never asked again", limit: 0 }));
  await ctx.step("debit", () => `in parts of ${account.limit} from ${account.iban}`);
  await ctx.step("tell", () => order.id);
  return "paid in parts";
});

const other = workflow({ name: "charge" }, async (ctx, order: Order) => {
  await ctx.step("check order", () => order.id);
  await ctx.step("find account", () => 1);
  return "paid";
});

async function production(test: TestContext): Promise<Baton> {
  const folder = mkdtempSync(join(tmpdir(), "baton-fixture-"));
  const baton = await openBaton({ store: `sqlite:${join(folder, "baton.db")}`, definitions: [charge] });
  test.after(async () => {
    await baton.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return baton;
}

async function failedRun(baton: Baton): Promise<RunFixture> {
  const handle = await baton.start(charge, { id: "77", amount: 5_000 }, { key: "order:77" });
  await assert.rejects(handle.result());
  // As read from a file.
  return JSON.parse(JSON.stringify(await baton.export(handle.id))) as RunFixture;
}

describe("an exported run", () => {
  it("contains its whole history", async (t) => {
    const baton = await production(t);
    const fixture = await failedRun(baton);
    assert.equal(fixture.format, "baton-run");
    assert.equal(fixture.formatVersion, 1);
    assert.equal(fixture.run.status, "failed");
    assert.equal(fixture.run.key, "order:77");
    assert.equal(fixture.run.input, '{"id":"77","amount":5000}');
    assert.deepEqual(
      fixture.entries.map((entry) => [entry.key, entry.outcome]),
      [
        ["find account", "ok"],
        ["debit", "error"],
      ],
    );
    assert.equal(fixture.attempts.length, 2);
    assert.match(fixture.attempts[1]?.error?.message ?? "", /limit of DE77 is exceeded/);
  });

  it("can be replayed over the code, loaded, and resumed with its results kept", async (t) => {
    const fixture = await failedRun(await production(t));
    const test = await openTestBaton({ definitions: [fixed] });
    t.after(() => test.close());
    assert.deepEqual(await test.replay(fixture, charge), { outcome: "compatible" });
    assert.deepEqual(await test.replay(fixture, fixed), { outcome: "compatible" });
    const verdict = await test.replay(fixture, other);
    assert.equal(verdict.outcome, "diverges");
    assert.equal(verdict.outcome === "diverges" && verdict.at, 1);
    // A version number unknown here: each store numbers the bundles that are deployed to it.
    const handle = await test.load<string>({ ...fixture, definition: { ...fixture.definition, version: 7 } });
    assert.equal(await handle.status(), "failed");
    const detail = await handle.detail();
    assert.equal(detail.row.origin.importedFrom, fixture.run.id);
    assert.deepEqual(detail.row.reason, { code: "imported", run: fixture.run.id, status: "failed" });
    await handle.resume();
    assert.equal(await handle.result(), "paid in parts");
    const outputs = (await handle.detail()).entries.map((entry) => entry.value);
    assert.ok(outputs.includes('"in parts of 100 from DE77"'), "the account of production, not of the test");
  });

  it("never runs by itself, is not a dead letter, and is imported once for each id", async (t) => {
    const fixture = await failedRun(await production(t));
    const test = await openTestBaton({ definitions: [fixed] });
    t.after(() => test.close());
    const handle = await test.load(fixture);
    await test.advance("1d");
    assert.equal(await handle.status(), "failed");
    const { store } = test.baton.engine;
    assert.deepEqual(await store.query("deadGroups", { limit: 10 }), []);
    assert.deepEqual(await store.query("violations", {}), []);
    const audit = { actor: "test", verb: "import", why: null };
    const again = { kind: "import", id: handle.id, fixture, audit } as const;
    assert.equal((await store.commit(again)).imported, handle.id);
    assert.equal((await test.baton.runs()).length, 1);
    const second = await test.load(fixture);
    assert.notEqual(second.id, handle.id);
  });

  it("is imported as ended if it was still waiting", async (t) => {
    const waiting = workflow({ name: "waiting" }, async (ctx) => ctx.waitForEvent("go"));
    const test = await openTestBaton({ definitions: [waiting] });
    t.after(() => test.close());
    const handle = await test.start(waiting, undefined);
    await test.settle();
    const fixture = await test.baton.export(handle.id);
    assert.equal(fixture.run.status, "waiting");
    assert.equal(fixture.waits.length, 1);
    assert.deepEqual(await test.replay(fixture, waiting), { outcome: "compatible" });
    const copy = await test.load(fixture);
    await test.emit({ name: "go" });
    await test.settle();
    assert.equal(await copy.status(), "cancelled");
    assert.equal(await handle.status(), "completed");
    assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
  });

  const invalidFixtures: readonly (readonly [string, (fixture: RunFixture) => unknown, RegExp])[] = [
    ["something else", () => ({ runs: [] }), /it is not a file written by baton export/],
    ["nothing", () => null, /it is not a file written/],
    [
      "a newer format",
      (fixture) => ({ ...fixture, formatVersion: 2 }),
      /its format 2 is newer than the supported format 1/,
    ],
    ["a run without history", ({ entries: _entries, ...rest }) => rest, /parts of the file are missing/],
    ["an unknown kind", (f) => ({ ...f, entries: f.entries.map((e) => ({ ...e, kind: "spell" })) }), /entries\[0\]/],
    [
      "a value that is not JSON",
      (f) => ({ ...f, entries: f.entries.map((e) => ({ ...e, value: "{" })) }),
      /entries\[0\]/,
    ],
    ["a history out of order", (f) => ({ ...f, entries: f.entries.toReversed() }), /entries\[1\]/],
    ["a broken attempt", (f) => ({ ...f, attempts: [{ key: 1 }] }), /attempts\[0\]/],
    ["an unknown status", (f) => ({ ...f, run: { ...f.run, status: "asleep" } }), /run is not valid/],
  ];
  for (const [name, corrupt, message] of invalidFixtures) {
    it(`is refused when it is ${name}, and nothing is written`, async (t) => {
      const fixture = await failedRun(await production(t));
      const test = await openTestBaton();
      t.after(() => test.close());
      await assert.rejects(test.load(corrupt(fixture)), (error: Error & { code: string }) => {
        assert.equal(error.code, "invalid-fixture");
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(await test.baton.runs(), []);
    });
  }
});
