/** The interfaces of the systems that handle a claim. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const claimId = z.string();

export const [policies, policiesSystem] = defineSystem("policies", {
  /** Assesses the claim with the documents received so far. */
  assess: {
    request: z.object({ claimId, policyId: z.string(), cents: z.int(), documents: z.array(z.string()) }),
    answer: z.discriminatedUnion("finding", [
      z.object({ finding: z.literal("covered") }),
      z.object({ finding: z.literal("not-covered"), why: z.string() }),
      z.object({ finding: z.literal("documents-missing"), missing: z.array(z.string()) }),
      z.object({ finding: z.literal("suspicious"), signals: z.array(z.string()) }),
    ]),
  },
});

export const [fraudDesk, fraudDeskSystem] = defineSystem("fraud-desk", {
  score: { request: z.object({ claimId, signals: z.array(z.string()) }), answer: z.object({ score: z.number() }) },
  openCase: { request: z.object({ claimId, score: z.number() }), answer: z.object({ caseId: z.string() }) },
});

/** A bank without idempotency keys: a repeated request pays twice. */
export const [bank, bankSystem] = defineSystem("bank", {
  transfer: {
    request: z.object({ claimId, iban: z.string(), cents: z.int().positive() }),
    answer: z.object({ transferId: z.string() }),
  },
});

export const [mail, mailSystem] = defineSystem("mail", {
  send: {
    request: z.object({ claimId, to: z.string(), subject: z.string() }),
    answer: z.object({ messageId: z.string() }),
  },
});
