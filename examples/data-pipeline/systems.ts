/** The interfaces of the shop whose sales are loaded, and of the chat. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const day = z.iso.date();

export const [shop, shopSystem] = defineSystem("shop", {
  describe: {
    request: z.object({ day }),
    answer: z.object({ pages: z.int(), rows: z.int(), cents: z.int() }),
  },
  /** Rows are returned as the shop has them. The caller must validate them. */
  page: { request: z.object({ day, page: z.int() }), answer: z.object({ rows: z.array(z.unknown()) }) },
});

export const [chat, chatSystem] = defineSystem("chat", {
  post: { request: z.object({ day, text: z.string() }), answer: z.object({ messageId: z.string() }) },
});
