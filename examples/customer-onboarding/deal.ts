import { z } from "zod";

/** A won deal, as the event `deal.closed_won` carries it. */
export const Deal = z.object({
  dealId: z.string().min(1),
  company: z.string().min(1),
  email: z.email(),
  tier: z.enum(["smb", "enterprise"]),
  region: z.string().min(1),
});
export type Deal = z.infer<typeof Deal>;
