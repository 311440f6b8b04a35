import { tellStory } from "../kit/story.ts";
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

await tellStory({
  name: "order-fulfilment",
  definitions: [orderFulfilment],
  startSystems: startShop,
  tell: async ({ baton, systems, say, command, until, seen }) => {
    say("An order goes its way.");
    await until(await baton.start(orderFulfilment, order("O-1")), "completed");

    say("A charge whose answer is lost: asked for again under the same key, the shop is paid once.");
    systems.payments.breakDown("charge", { mode: "lost", moment: "after", times: 1 });
    await until(await baton.start(orderFulfilment, order("O-2")), "completed");

    say("A card that is declined: the customer is told, and the stock goes back.");
    await until(await baton.start(orderFulfilment, order("O-3", { card: "declined" })), "failed");

    say("A carrier that refuses: everything is given back, the newest first.");
    await until(await baton.start(orderFulfilment, order("O-4", { address: "nowhere" })), "failed");
    command("why", "latest");

    say("Behind the hand-over nothing is given back. The mail is down: a dead letter, mended by resume.");
    systems.mail.breakDown("send", { mode: 503 });
    const stuck = await baton.start(orderFulfilment, order("O-5"));
    await until(stuck, "failed");
    systems.mail.mend();
    await stuck.resume({ why: "the mail is back" });
    await until(stuck, "completed");

    say("A desk that is not there: the order waits, holds no memory and no slot, and goes on when desks arrive.");
    const late = await baton.start(orderFulfilment, order("O-6", { items: [{ sku: "desk", quantity: 1 }] }));
    await seen(async () => systems.mail.acts().some(({ id }) => id === "order delayed/O-6"));
    await until(late, "waiting");
    command("why", "latest");
    systems.warehouse.rows("update stock set free = 5 where sku = 'desk' returning free");
    await baton.emit({ name: "stock.arrived", data: { sku: "desk" } });
    await until(late, "completed");
  },
  tryNext: [
    "npx baton runs                                    the orders",
    'npx baton run order-fulfilment --input \'{"orderId":"O-7","customerId":"C","email":"a@b.example","address":"nowhere","card":"4242","cents":100,"items":[{"sku":"lamp","quantity":1}]}\'',
    "npx baton show latest                             what was done, and what was undone",
  ],
});
