import { runDemo } from "../kit/demo.ts";
import { startShop } from "./services.ts";
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

await runDemo({
  name: "order-fulfilment",
  definitions: [orderFulfilment],
  startSystems: startShop,
  script: async ({ baton, systems, print, showCommand, waitForStatus, waitFor }) => {
    print("A normal order.");
    await waitForStatus(await baton.start(orderFulfilment, order("O-1")), "completed");

    print("The answer to a charge is lost. Baton retries with the same key: the customer pays once.");
    systems.payments.injectFault("charge", { mode: "lost", when: "after", times: 1 });
    await waitForStatus(await baton.start(orderFulfilment, order("O-2")), "completed");

    print("A card is declined: the customer is notified, and the stock is released.");
    await waitForStatus(await baton.start(orderFulfilment, order("O-3", { card: "declined" })), "failed");

    print("The carrier refuses the parcel: all steps are undone, newest first.");
    await waitForStatus(await baton.start(orderFulfilment, order("O-4", { address: "nowhere" })), "failed");
    showCommand("why", "latest");

    print("After the hand-over nothing is undone. The mail server is down: the run fails, and resume completes it.");
    systems.mail.injectFault("send", { mode: 503 });
    const stuck = await baton.start(orderFulfilment, order("O-5"));
    await waitForStatus(stuck, "failed");
    systems.mail.clearFaults();
    await stuck.resume({ why: "mail server repaired" });
    await waitForStatus(stuck, "completed");

    print("A desk is out of stock: the order waits, uses no memory and no slot, and continues when desks arrive.");
    const late = await baton.start(orderFulfilment, order("O-6", { items: [{ sku: "desk", quantity: 1 }] }));
    await waitFor(async () => systems.mail.operations().some(({ id }) => id === "order delayed/O-6"));
    await waitForStatus(late, "waiting");
    showCommand("why", "latest");
    systems.warehouse.rows("update stock set free = 5 where sku = 'desk' returning free");
    await baton.emit({ name: "stock.arrived", data: { sku: "desk" } });
    await waitForStatus(late, "completed");
  },
  tryNext: [
    "npx baton runs                                    list the orders",
    'npx baton run order-fulfilment --input \'{"orderId":"O-7","customerId":"C","email":"a@b.example","address":"nowhere","card":"4242","cents":100,"items":[{"sku":"lamp","quantity":1}]}\'',
    "npx baton show latest                             show what was done and what was undone",
  ],
});
