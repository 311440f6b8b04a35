/** The systems that a claim passes through, as their clients see them. */
import { z } from "zod";
import { defineSystem } from "../kit/system.ts";

const claimId = z.string();

export const [policies, policiesSystem] = defineSystem("policies", {
  /** What an adjuster's rules find in the claim as it is filed now. */
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

/** A bank of the old kind: it knows no idempotency keys, and what is asked of it twice is paid twice. */
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
