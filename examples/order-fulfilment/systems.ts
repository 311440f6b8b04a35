/** The systems that an order passes through, as their clients see them. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const Item = z.object({ sku: z.string().min(1), quantity: z.int().positive() });
const Nothing = z.object({});

export const [warehouse, warehouseSystem] = defineSystem("warehouse", {
  reserve: {
    request: z.object({ orderId: z.string(), items: z.array(Item) }),
    /** `missing`: what there is too little of; then nothing is reserved. */
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
  /** By the key of the charge: so it also undoes one whose answer was lost, and forbids one that is still on its way. */
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
