/** Implementations of the systems. */
import { randomUUID } from "node:crypto";
import { startService } from "../kit/service.ts";
import type { Services } from "../kit/services.ts";
import { bankSystem, fraudDeskSystem, mailSystem, policiesSystem } from "./systems.ts";

export type Insurer = Services<"policies" | "fraudDesk" | "bank" | "mail">;

export async function startInsurer(dataDir: string): Promise<Insurer> {
  const [policies, fraudDesk, bank, mail] = await Promise.all([
    startService({
      shape: policiesSystem,
      dataDir,
      tables: "",
      operations: {
        assess: ({ claimId, policyId, cents, documents }) => {
          const id = `assess/${claimId}`;
          if (policyId === "lapsed")
            return { id, answer: { finding: "not-covered" as const, why: "the policy had lapsed" } };
          if (cents > 500_000) return { id, answer: { finding: "suspicious" as const, signals: ["amount"] } };
          if (cents > 100_000 && documents.length === 0)
            return { id, answer: { finding: "documents-missing" as const, missing: ["invoice"] } };
          return { id, answer: { finding: "covered" as const } };
        },
      },
    }),
    startService({
      shape: fraudDeskSystem,
      dataDir,
      tables: "",
      operations: {
        score: ({ claimId }) => {
          const score = claimId.startsWith("FRAUD") ? 0.97 : claimId.startsWith("ODD") ? 0.5 : 0.1;
          return { id: `score/${claimId}`, answer: { score } };
        },
        openCase: ({ claimId }) => ({ id: `case/${claimId}`, answer: { caseId: `CASE-${claimId}` } }),
      },
    }),
    startService({
      shape: bankSystem,
      dataDir,
      tables:
        "create table if not exists transfers (id text not null, claim_id text not null, cents integer not null) strict",
      ignoresKeys: true,
      operations: {
        transfer: ({ claimId, cents }, { db }) => {
          const transferId = `TX-${randomUUID().slice(0, 8)}`;
          db.prepare("insert into transfers values (?, ?, ?)").run(transferId, claimId, cents);
          return { id: `transfer/${claimId}`, answer: { transferId } };
        },
      },
    }),
    startService({
      shape: mailSystem,
      dataDir,
      tables: "",
      operations: {
        send: ({ claimId, subject }) => ({ id: `${subject}/${claimId}`, answer: { messageId: `MAIL-${claimId}` } }),
      },
    }),
  ]);
  return { policies, fraudDesk, bank, mail };
}
