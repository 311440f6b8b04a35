import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { livesOf } from "../kit/lives.ts";
import { type Shop, startShop } from "./services.ts";
import { type Order, orderFulfilment } from "./workflow.ts";

const order = (orderId: string, more: Partial<Order> = {}): Order => ({
  orderId,
  customerId: `customer of ${orderId}`,
  email: "ada@customer.example",
  address: "1 Quay Street",
  card: "4242",
  cents: 4_900,
  items: [{ sku: "lamp", quantity: 2 }],
  ...more,
});

const shipped = ["warehouse.reserve", "payments.charge", "warehouse.pack", "carrier.collect", "mail.send"];
const givenBack = ["warehouse.unpack", "payments.refund", "warehouse.release"];

const free = ({ warehouse }: Shop, sku: string): unknown =>
  warehouse.rows("select free from stock where sku = ?", sku)[0]?.["free"];
const deliver = ({ warehouse }: Shop, sku: string, quantity: number): unknown =>
  warehouse.rows(`update stock set free = free + ${quantity} where sku = ? returning free`, sku);

describe("order fulfilment", () => {
  const { live, killedEverywhere } = livesOf(startShop, [orderFulfilment]);

  it("reserves, charges, packs, ships and tells, once each", () =>
    live(async ({ test, done }) => {
      await test.emit({ name: "order.placed", data: order("A-1") });
      await test.settle();
      const [run] = await test.baton.runs({ key: "order:A-1" });
      assert.equal(run?.status, "completed");
      assert.deepEqual(done("A-1"), shipped);
    }));

  it("a declined card tells the customer, gives the stock back and leaves no dead letter", () =>
    live(async ({ test, systems, done }) => {
      const before = free(systems, "lamp");
      const run = await test.start(orderFulfilment, order("A-2", { card: "declined" }));
      await assert.rejects(run.result(), /the card was declined/);
      assert.deepEqual(done("A-2"), ["warehouse.reserve", "mail.send", "warehouse.release"]);
      assert.equal(free(systems, "lamp"), before);
      assert.equal((await run.detail()).row.reason?.code, "compensated");
    }));

  it("what is missing is waited for, and shipped when it has come", () =>
    live(async ({ test, systems, done }) => {
      const run = await test.start(orderFulfilment, order("A-3", { items: [{ sku: "desk", quantity: 1 }] }));
      await test.advance("3d");
      assert.equal((await run.detail()).row.reason?.code, "event");
      deliver(systems, "desk", 1);
      await test.emit({ name: "stock.arrived", data: { sku: "desk" } });
      assert.equal((await run.result()).status, "shipped");
      assert.deepEqual(done("A-3"), ["warehouse.reserve", "mail.send", ...shipped]);
    }));

  it("an arrival that was too small is waited on again", () =>
    live(async ({ test, systems }) => {
      const run = await test.start(orderFulfilment, order("A-4", { items: [{ sku: "desk", quantity: 2 }] }));
      await test.settle();
      await test.emit({ name: "stock.arrived", data: { sku: "desk" } });
      await test.settle();
      assert.equal(await run.status(), "waiting");
      deliver(systems, "desk", 2);
      await test.emit({ name: "stock.arrived", data: { sku: "desk" } });
      assert.equal((await run.result()).status, "shipped");
    }));

  it("what never comes cancels the order after fourteen days, and nothing was charged", () =>
    live(async ({ test, done }) => {
      const run = await test.start(orderFulfilment, order("A-5", { items: [{ sku: "desk", quantity: 1 }] }));
      assert.deepEqual(await run.result(), { status: "cancelled" });
      assert.deepEqual(done("A-5"), ["warehouse.reserve", "mail.send", "mail.send"]);
    }));

  it("a carrier that refuses has everything given back, the newest first", () =>
    live(async ({ test, systems, done }) => {
      const before = free(systems, "lamp");
      const run = await test.start(orderFulfilment, order("A-6", { address: "nowhere" }));
      await assert.rejects(run.result(), /no such address/);
      assert.deepEqual(done("A-6"), [...shipped.slice(0, 3), ...givenBack]);
      assert.equal(free(systems, "lamp"), before);
    }));

  it("behind the hand-over nothing is given back: a failed mail is resumed", () =>
    live(async ({ test, systems, done }) => {
      systems.mail.breakDown("send", { mode: 503, only: "A-7" });
      const run = await test.start(orderFulfilment, order("A-7"));
      await assert.rejects(run.result(), /503/);
      assert.deepEqual(done("A-7"), shipped.slice(0, 4));
      await assert.rejects(run.compensate(), /point of no return "with the carrier"/);
      systems.mail.mend();
      await run.resume();
      assert.equal((await run.result()).status, "shipped");
      assert.deepEqual(done("A-7"), shipped);
    }));

  it("a charge whose answer is lost is asked for again under its key, and is one charge", () =>
    live(async ({ test, systems, done }) => {
      systems.payments.breakDown("charge", { mode: "lost", moment: "after", times: 2, only: "A-8" });
      const run = await test.start(orderFulfilment, order("A-8"));
      assert.equal((await run.result()).status, "shipped");
      assert.deepEqual(done("A-8"), shipped);
      assert.equal(systems.payments.rows("select * from charges where order_id = ?", "A-8").length, 1);
      assert.equal(systems.payments.repeats().filter(({ id }) => id === "charge/A-8").length, 2);
    }));

  it("a cancel while the charge hangs calls the charge off, whatever became of it", () =>
    live(async ({ test, systems, done }) => {
      systems.payments.breakDown("charge", { mode: "hang", moment: "after", only: "A-9" });
      const run = await test.start(orderFulfilment, order("A-9"));
      await test.settle();
      await run.cancel({ compensate: true });
      await test.advance("30s");
      assert.equal(await run.status(), "cancelled");
      assert.deepEqual(done("A-9"), ["warehouse.reserve", "payments.charge", "payments.refund", "warehouse.release"]);
      systems.payments.mend();
    }));

  it("works on one order of a customer at a time and names the one that is before it", () =>
    live(async ({ test, systems }) => {
      systems.payments.breakDown("charge", { mode: "hang", times: 1, only: "A-10" });
      const first = await test.start(orderFulfilment, order("A-10", { customerId: "C" }));
      const second = await test.start(orderFulfilment, order("A-11", { customerId: "C" }));
      const other = await test.start(orderFulfilment, order("A-12"));
      await test.settle();
      assert.equal(await other.status(), "completed");
      const { row } = await second.detail();
      assert.ok(row.reason?.code === "slot");
      assert.deepEqual(row.reason.holders, [first.id]);
      assert.equal((await first.result()).status, "shipped");
      assert.equal((await second.result()).status, "shipped");
    }));

  it("ships once when the process dies at any store operation", () =>
    killedEverywhere(async ({ test, done, insist }) => {
      const run = await insist(() => test.start(orderFulfilment, order("K-1"), { idempotencyKey: "K-1" }));
      assert.equal((await run.result()).status, "shipped");
      assert.deepEqual(done(), shipped);
    }));

  it("gives everything back once when the process dies at any store operation", () =>
    killedEverywhere(async ({ test, systems, done, insist }) => {
      const before = free(systems, "lamp");
      const input = order("K-1", { address: "nowhere" });
      const run = await insist(() => test.start(orderFulfilment, input, { idempotencyKey: "K-1" }));
      await assert.rejects(run.result(), /no such address/);
      assert.deepEqual(done(), [...shipped.slice(0, 3), ...givenBack]);
      assert.equal(free(systems, "lamp"), before);
    }));
});
