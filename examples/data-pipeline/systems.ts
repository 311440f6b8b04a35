/** The shop whose sales are loaded, as its client sees it. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const day = z.iso.date();

export const [shop, shopSystem] = defineSystem("shop", {
  describe: {
    request: z.object({ day }),
    answer: z.object({ pages: z.int(), rows: z.int(), cents: z.int() }),
  },
  /** Rows come as the shop has them: one that makes no sense is for us to find. */
  page: { request: z.object({ day, page: z.int() }), answer: z.object({ rows: z.array(z.unknown()) }) },
});

export const [chat, chatSystem] = defineSystem("chat", {
  post: { request: z.object({ day, text: z.string() }), answer: z.object({ messageId: z.string() }) },
});
