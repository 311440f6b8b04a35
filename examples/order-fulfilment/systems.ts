/** The interfaces of the systems that handle an order. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const Item = z.object({ sku: z.string().min(1), quantity: z.int().positive() });
const Nothing = z.object({});

export const [warehouse, warehouseSystem] = defineSystem("warehouse", {
  reserve: {
    request: z.object({ orderId: z.string(), items: z.array(Item) }),
    /** `missing`: the items that are out of stock. If there are any, nothing is reserved. */
    answer: z.object({ reservationId: z.string().nullable(), missing: z.array(z.string()) }),
  },
  release: { request: z.object({ orderId: z.string(), reserveKey: z.string() }), answer: Nothing },
  pack: {
    request: z.object({ orderId: z.string(), reservationId: z.string() }),
    answer: z.object({ parcelId: z.string() }),
  },
  unpack: { request: z.object({ orderId: z.string(), packKey: z.string() }), answer: Nothing },
});

export const [payments, paymentsSystem] = defineSystem("payments", {
  charge: {
    request: z.object({ orderId: z.string(), card: z.string(), cents: z.int().positive() }),
    answer: z.object({ paymentId: z.string() }),
  },
  /**
   * Refunds by the key of the charge. This also works if the charge's answer was lost, and blocks a charge that arrives
   * later.
   */
  refund: { request: z.object({ orderId: z.string(), chargeKey: z.string() }), answer: Nothing },
});

export const [carrier, carrierSystem] = defineSystem("carrier", {
  collect: {
    request: z.object({ orderId: z.string(), parcelId: z.string(), address: z.string() }),
    answer: z.object({ trackingId: z.string() }),
  },
});

export const [mail, mailSystem] = defineSystem("mail", {
  send: {
    request: z.object({ orderId: z.string(), to: z.string(), subject: z.string() }),
    answer: z.object({ messageId: z.string() }),
  },
});
