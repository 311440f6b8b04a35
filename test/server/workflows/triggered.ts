import { on, workflow } from "baton";
import { z } from "zod";

export const onboarded = workflow(
  { name: "onboarded", on: on.event("deal.won"), input: z.object({ deal: z.string() }) },
  (ctx, { deal }) => ctx.step("note", () => deal),
);
