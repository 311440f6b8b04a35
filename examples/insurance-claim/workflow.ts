/**
 * Handles a claim by its assessment: pays it, refuses it, asks the customer for documents, or sends it to the fraud
 * desk. The bank does not support idempotency keys, so the payout is tried only once. If its outcome is unknown, a
 * person decides.
 */
import { type Context, on, workflow } from "baton";
import { z } from "zod";
import { retry } from "../kit/retry.ts";
import { bank, fraudDesk, mail, policies } from "./systems.ts";

export const Claim = z.object({
  claimId: z.string().min(1),
  policyId: z.string().min(1),
  email: z.email(),
  iban: z.string().min(1),
  cents: z.int().positive(),
});
export type Claim = z.infer<typeof Claim>;

export const insuranceClaim = workflow(
  {
    name: "insurance-claim",
    on: on.event("claim.filed"),
    input: Claim,
    key: (claim) => `claim:${claim.claimId}`,
    singleton: { policy: "skip", key: (claim) => claim.claimId },
    retry,
  },
  async (ctx, claim) => {
    const verdict = await decide(ctx, claim);
    if (verdict !== "covered") {
      await notifyCustomer(ctx, claim, `not paid: ${verdict}`);
      return { status: "refused", why: verdict } as const;
    }
    const { claimId, iban, cents } = claim;
    const { transferId } = await ctx.once("pay out", (attempt) => bank.transfer({ claimId, iban, cents }, attempt), {
      whenExhausted: "suspend",
    });
    await notifyCustomer(ctx, claim, "paid");
    return { status: "paid", transferId } as const;
  },
);

/** Returns `covered`, or the reason why not. Assesses the claim again after each document. */
async function decide(ctx: Context, claim: Claim): Promise<string> {
  const { claimId, policyId, cents } = claim;
  const documents: string[] = [];
  for (;;) {
    const found = await ctx.step("assess", (attempt) =>
      policies.assess({ claimId, policyId, cents, documents: [...documents] }, attempt),
    );
    switch (found.finding) {
      case "covered":
        return "covered";
      case "not-covered":
        return found.why;
      case "suspicious":
        return (await ctx.call(fraudCheck, { claimId, signals: found.signals })) ? "fraud" : "covered";
      case "documents-missing": {
        await notifyCustomer(ctx, claim, `please send: ${found.missing.join(", ")}`);
        const document = await waitForDocument(ctx, claim);
        if (document === null) return "no documents received";
        documents.push(document);
      }
    }
  }
}

/** Returns the name of the document. Sends a reminder after two weeks and returns null after five. */
async function waitForDocument(ctx: Context, claim: Claim): Promise<string | null> {
  const { claimId } = claim;
  const outcome = await ctx.race({
    received: (branch) => branch.waitForEvent<{ document: string }>("document.received", { match: { claimId } }),
    expired: async (branch) => {
      await branch.sleep("until the reminder", "14d");
      await notifyCustomer(branch, claim, "reminder");
      await branch.sleep("until it expires", "21d");
    },
  });
  return outcome.winner === "received" ? (outcome.value?.data.document ?? null) : null;
}

/** Whether the claim is fraud. For a medium score, an investigator decides. */
export const fraudCheck = workflow(
  {
    name: "fraud-check",
    input: z.object({ claimId: z.string(), signals: z.array(z.string()) }),
    key: ({ claimId }) => `claim:${claimId}`,
    concurrency: { limit: 5 },
    retry,
  },
  async (ctx, { claimId, signals }) => {
    const { score } = await ctx.step("score", (attempt) => fraudDesk.score({ claimId, signals }, attempt));
    if (score < 0.3) return false;
    if (score > 0.9) return true;
    await ctx.step("open case", (attempt) => fraudDesk.openCase({ claimId, score }, attempt));
    const closed = await ctx.waitForEvent<{ isFraud: boolean }>("case.closed", { match: { claimId } });
    return closed?.data.isFraud ?? true;
  },
);

async function notifyCustomer(ctx: Context, { claimId, email }: Claim, subject: string): Promise<void> {
  await ctx.step(`mail: ${subject}`, (attempt) => mail.send({ claimId, to: email, subject }, attempt));
}
