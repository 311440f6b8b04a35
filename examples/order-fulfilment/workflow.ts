/**
 * An order, from reserving stock to handing the parcel to the carrier. Until the hand-over, a failure undoes all steps,
 * newest first. After it, the remaining steps must complete, and a failure needs a person.
 */
import { type Context, on, workflow } from "baton";
import { z } from "zod";
import { retry } from "../kit/retry.ts";
import { carrier, mail, payments, warehouse } from "./systems.ts";

export const Order = z.object({
  orderId: z.string().min(1),
  customerId: z.string().min(1),
  email: z.email(),
  address: z.string().min(1),
  card: z.string().min(1),
  cents: z.int().positive(),
  items: z.array(z.object({ sku: z.string().min(1), quantity: z.int().positive() })).min(1),
});
export type Order = z.infer<typeof Order>;

export const orderFulfilment = workflow(
  {
    name: "order-fulfilment",
    on: on.event("order.placed"),
    input: Order,
    key: (order) => `order:${order.orderId}`,
    concurrency: { limit: 1, key: (order) => order.customerId },
    onFailure: "compensate",
    retry,
  },
  async (ctx, order) => {
    const { orderId, address } = order;
    const reservationId = await reserveStock(ctx, order);
    if (reservationId === null) {
      await notifyCustomer(ctx, order, "order cancelled");
      return { status: "cancelled" as const };
    }

    await chargePayment(ctx, order);
    const { parcelId } = await ctx.step(
      "pack parcel",
      (attempt) => warehouse.pack({ orderId, reservationId }, attempt),
      {
        undo: (_parcel, attempt) => warehouse.unpack({ orderId, packKey: attempt.stepIdempotencyKey }, attempt),
      },
    );
    const { trackingId } = await ctx.step("hand over to carrier", (attempt) =>
      carrier.collect({ orderId, parcelId, address }, attempt),
    );
    await ctx.pointOfNoReturn("with the carrier");

    await notifyCustomer(ctx, order, "order shipped");
    return { status: "shipped" as const, trackingId };
  },
);

/** The reservation id; null if the missing items did not arrive in time. */
async function reserveStock(ctx: Context, order: Order): Promise<string | null> {
  const { orderId, items } = order;
  for (let round = 1; ; round++) {
    const { reservationId, missing } = await ctx.step(
      "reserve stock",
      (attempt) => warehouse.reserve({ orderId, items }, attempt),
      { undo: (_stock, attempt) => warehouse.release({ orderId, reserveKey: attempt.stepIdempotencyKey }, attempt) },
    );
    if (reservationId !== null) return reservationId;
    if (round === 1) await notifyCustomer(ctx, order, "order delayed");
    const arrival = await ctx.waitForEvent("stock.arrived", { match: { sku: missing[0] }, timeout: "14d" });
    if (arrival === null) return null;
  }
}

async function chargePayment(ctx: Context, order: Order): Promise<void> {
  const { orderId, card, cents } = order;
  try {
    await ctx.step("charge payment", (attempt) => payments.charge({ orderId, card, cents }, attempt), {
      timeout: "30s",
      undo: (_payment, attempt) => payments.refund({ orderId, chargeKey: attempt.stepIdempotencyKey }, attempt),
    });
  } catch (error) {
    await notifyCustomer(ctx, order, "payment failed");
    throw error;
  }
}

async function notifyCustomer(ctx: Context, { orderId, email }: Order, subject: string): Promise<void> {
  await ctx.step(`mail: ${subject}`, (attempt) => mail.send({ orderId, to: email, subject }, attempt));
}
