import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { on, workflow } from "baton";
import { openTestBaton, type TestBaton } from "baton/testing";
import type { EventRow } from "../../src/kernel/ports/queries.ts";
import type { Schema } from "../../src/workflows/schema.ts";

interface Order {
  readonly n: number;
  readonly secret?: string;
}

/** A schema whose evaluation the test controls. */
function setup(validate: (order: Order) => Promise<Order> | Order) {
  const received: Order[] = [];
  const input: Schema<Order, Order> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) => ({ value: await validate(value as Order) }),
    },
  };
  const order = workflow({ name: "order", on: on.event("order"), input }, (_ctx, data) => void received.push(data));
  return { order, received };
}

const never = (): Promise<never> => new Promise(() => {});

async function row(test: TestBaton, no = 1): Promise<EventRow> {
  const found = await test.baton.engine.store.query("event", { no });
  assert.ok(found);
  return found;
}

describe("routing tries", () => {
  it("are on disk before the schema runs, and an event is routed when emit returns", async () => {
    const seen: unknown[] = [];
    const { order } = setup(async (data) => {
      const { tries, isRouted } = await row(test);
      seen.push({ tries, isRouted });
      return data;
    });
    const test = await openTestBaton({ definitions: [order] });
    assert.equal((await test.emit({ name: "order", id: "a", data: { n: 1 } })).matched, 1);
    assert.deepEqual(seen, [{ tries: 1, isRouted: false }]);
    assert.equal((await row(test)).isRouted, true);
    assert.equal((await test.baton.runs()).length, 1);
    await test.close();
  });

  it("are not needed for workflows without a schema, key or limits: the event is stored as routed", async () => {
    const plain = workflow<unknown>({ name: "plain", on: on.event("order") }, () => null);
    const test = await openTestBaton({ definitions: [plain] });
    assert.equal((await test.emit({ name: "order", data: 1 })).matched, 1);
    const { tries, isRouted } = await row(test);
    assert.deepEqual({ tries, isRouted }, { tries: 0, isRouted: true });
    await test.close();
  });

  it("end at the time limit; the event is held after the third, and routed again on request", async () => {
    let isFixed = false;
    const { order, received } = setup((data) => (isFixed || data.n !== 2 ? data : never()));
    const test = await openTestBaton({ definitions: [order], routing: { limit: "2s" } });
    const emitted = test.emit({ name: "order", id: "stuck", data: { n: 2 } });
    await test.advance("3s");
    assert.equal((await emitted).matched, 0, "the sender gets an answer");
    await test.advance("30s");
    const held = await row(test);
    assert.deepEqual([held.isHeld, held.tries, held.tryError], [true, 3, "evaluating it took longer than 2 s"]);
    assert.equal((await test.emit({ name: "order", id: "good", data: { n: 1 } })).matched, 1);
    assert.equal((await test.emit({ name: "order", id: "stuck", data: { n: 2 } })).isDuplicate, true);
    const [listed] = await test.baton.heldEvents();
    assert.deepEqual([listed?.event, listed?.id, listed?.tries], [1, "stuck", 3]);

    isFixed = true;
    await assert.rejects(test.baton.retryEvent(2), { code: "not-held" });
    await assert.rejects(test.baton.retryEvent(99), { code: "not-found" });
    await test.baton.retryEvent(1, { why: "fixed" });
    await test.settle();
    assert.deepEqual(received, [{ n: 1 }, { n: 2 }]);
    assert.equal((await row(test)).matched, 1);
    await test.close();
  });

  it("run alone from the second on: other events wait for at most one time limit", async () => {
    const evaluated: number[] = [];
    const { order } = setup((data) => {
      evaluated.push(data.n);
      return data.n === 0 ? never() : data;
    });
    const test = await openTestBaton({ definitions: [order], routing: { limit: "2s" } });
    const first = test.emit({ name: "order", id: "0", data: { n: 0 } });
    await test.advance("3s");
    await first;
    assert.deepEqual(evaluated, [0, 0], "the second try runs");
    const other = test.emit({ name: "order", id: "1", data: { n: 1 } });
    await test.settle();
    assert.deepEqual(evaluated, [0, 0]);
    await test.advance("2s");
    assert.equal((await other).matched, 1);
    await test.advance("2s");
    assert.deepEqual(evaluated.toSorted(), [0, 0, 0, 1]);
    assert.equal((await row(test)).isHeld, true);
    await test.close();
  });

  it("count when the process crashes during the schema, and the next one starts the run once", async () => {
    let isFirst = true;
    const { order, received } = setup((data) => {
      if (!isFirst) return data;
      isFirst = false;
      return never();
    });
    const sensitiveKey = "0123456789abcdef0123456789abcdef";
    const test = await openTestBaton({ definitions: [order], sensitiveKey });
    test.emit({ name: "order", id: "a", data: { n: 7, secret: "s3cret" }, sensitive: true }).catch(() => {});
    await test.settle();
    await test.crash();
    await test.settle();
    const { tries, isRouted, matched, data } = await row(test);
    assert.deepEqual({ tries, isRouted, matched }, { tries: 2, isRouted: true, matched: 1 });
    assert.doesNotMatch(data ?? "", /s3cret/, "it is stored sealed");
    assert.deepEqual(received, [{ n: 7, secret: "s3cret" }]);
    await test.close();
  });
});
