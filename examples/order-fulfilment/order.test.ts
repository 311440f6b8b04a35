import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSimulator } from "../kit/simulation.ts";
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
const undone = ["warehouse.unpack", "payments.refund", "warehouse.release"];

const free = ({ warehouse }: Shop, sku: string): unknown =>
  warehouse.rows("select free from stock where sku = ?", sku)[0]?.["free"];
const deliver = ({ warehouse }: Shop, sku: string, quantity: number): unknown =>
  warehouse.rows(`update stock set free = free + ${quantity} where sku = ? returning free`, sku);

describe("order fulfilment", () => {
  const { simulate, simulateCrashes } = createSimulator(startShop, [orderFulfilment]);

  it("reserves, charges, packs, ships and sends a mail, once each", () =>
    simulate(async ({ test, done }) => {
      await test.emit({ name: "order.placed", data: order("A-1") });
      await test.settle();
      const [run] = await test.baton.runs({ key: "order:A-1" });
      assert.equal(run?.status, "completed");
      assert.deepEqual(done("A-1"), shipped);
    }));

  it("a declined card: notifies the customer, releases the stock and leaves no dead letter", () =>
    simulate(async ({ test, systems, done }) => {
      const before = free(systems, "lamp");
      const run = await test.start(orderFulfilment, order("A-2", { card: "declined" }));
      await assert.rejects(run.result(), /the card was declined/);
      assert.deepEqual(done("A-2"), ["warehouse.reserve", "mail.send", "warehouse.release"]);
      assert.equal(free(systems, "lamp"), before);
      assert.equal((await run.detail()).row.reason?.code, "compensated");
    }));

  it("waits for items that are out of stock and ships when they arrive", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(orderFulfilment, order("A-3", { items: [{ sku: "desk", quantity: 1 }] }));
      await test.advance("3d");
      assert.equal((await run.detail()).row.reason?.code, "event");
      deliver(systems, "desk", 1);
      await test.emit({ name: "stock.arrived", data: { sku: "desk" } });
      assert.equal((await run.result()).status, "shipped");
      assert.deepEqual(done("A-3"), ["warehouse.reserve", "mail.send", ...shipped]);
    }));

  it("keeps waiting if too few items arrive", () =>
    simulate(async ({ test, systems }) => {
      const run = await test.start(orderFulfilment, order("A-4", { items: [{ sku: "desk", quantity: 2 }] }));
      await test.settle();
      await test.emit({ name: "stock.arrived", data: { sku: "desk" } });
      await test.settle();
      assert.equal(await run.status(), "waiting");
      deliver(systems, "desk", 2);
      await test.emit({ name: "stock.arrived", data: { sku: "desk" } });
      assert.equal((await run.result()).status, "shipped");
    }));

  it("cancels the order after 14 days without stock, and charges nothing", () =>
    simulate(async ({ test, done }) => {
      const run = await test.start(orderFulfilment, order("A-5", { items: [{ sku: "desk", quantity: 1 }] }));
      assert.deepEqual(await run.result(), { status: "cancelled" });
      assert.deepEqual(done("A-5"), ["warehouse.reserve", "mail.send", "mail.send"]);
    }));

  it("undoes all steps, newest first, if the carrier refuses", () =>
    simulate(async ({ test, systems, done }) => {
      const before = free(systems, "lamp");
      const run = await test.start(orderFulfilment, order("A-6", { address: "nowhere" }));
      await assert.rejects(run.result(), /unknown address/);
      assert.deepEqual(done("A-6"), [...shipped.slice(0, 3), ...undone]);
      assert.equal(free(systems, "lamp"), before);
    }));

  it("undoes nothing after the hand-over: a failed mail is resumed", () =>
    simulate(async ({ test, systems, done }) => {
      systems.mail.injectFault("send", { mode: 503, only: "A-7" });
      const run = await test.start(orderFulfilment, order("A-7"));
      await assert.rejects(run.result(), /503/);
      assert.deepEqual(done("A-7"), shipped.slice(0, 4));
      await assert.rejects(run.compensate(), /point of no return "with the carrier"/);
      systems.mail.clearFaults();
      await run.resume();
      assert.equal((await run.result()).status, "shipped");
      assert.deepEqual(done("A-7"), shipped);
    }));

  it("retries a charge whose answer was lost with the same key, and charges once", () =>
    simulate(async ({ test, systems, done }) => {
      systems.payments.injectFault("charge", { mode: "lost", when: "after", times: 2, only: "A-8" });
      const run = await test.start(orderFulfilment, order("A-8"));
      assert.equal((await run.result()).status, "shipped");
      assert.deepEqual(done("A-8"), shipped);
      assert.equal(systems.payments.rows("select * from charges where order_id = ?", "A-8").length, 1);
      assert.equal(systems.payments.repeats().filter(({ id }) => id === "charge/A-8").length, 2);
    }));

  it("a cancel while the charge hangs also cancels the charge, whatever its outcome", () =>
    simulate(async ({ test, systems, done }) => {
      systems.payments.injectFault("charge", { mode: "hang", when: "after", only: "A-9" });
      const run = await test.start(orderFulfilment, order("A-9"));
      await test.settle();
      await run.cancel({ compensate: true });
      await test.advance("30s");
      assert.equal(await run.status(), "cancelled");
      assert.deepEqual(done("A-9"), ["warehouse.reserve", "payments.charge", "payments.refund", "warehouse.release"]);
      systems.payments.clearFaults();
    }));

  it("processes one order per customer at a time and reports which order holds the slot", () =>
    simulate(async ({ test, systems }) => {
      systems.payments.injectFault("charge", { mode: "hang", times: 1, only: "A-10" });
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

  it("ships once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, done, retryOnCrash }) => {
      const run = await retryOnCrash(() => test.start(orderFulfilment, order("K-1"), { idempotencyKey: "K-1" }));
      assert.equal((await run.result()).status, "shipped");
      assert.deepEqual(done(), shipped);
    }));

  it("undoes each step once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, systems, done, retryOnCrash }) => {
      const before = free(systems, "lamp");
      const input = order("K-1", { address: "nowhere" });
      const run = await retryOnCrash(() => test.start(orderFulfilment, input, { idempotencyKey: "K-1" }));
      await assert.rejects(run.result(), /unknown address/);
      assert.deepEqual(done(), [...shipped.slice(0, 3), ...undone]);
      assert.equal(free(systems, "lamp"), before);
    }));
});
