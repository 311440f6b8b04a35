import { runDemo } from "../kit/demo.ts";
import { startInsurer } from "./services.ts";
import { type Claim, fraudCheck, insuranceClaim } from "./workflow.ts";

const claim = (claimId: string, cents: number, policyId = "P-1"): Claim => ({
  claimId,
  policyId,
  email: "ada@customer.example",
  iban: "DE02",
  cents,
});

await runDemo({
  name: "insurance-claim",
  definitions: [fraudCheck, insuranceClaim],
  startSystems: startInsurer,
  script: async ({ baton, systems, print, showCommand, waitForStatus, waitFor }) => {
    print("A small claim is paid. One on a lapsed policy is not.");
    await waitForStatus(await baton.start(insuranceClaim, claim("C-1", 5_000)), "completed");
    await waitForStatus(await baton.start(insuranceClaim, claim("C-2", 5_000, "lapsed")), "completed");

    print(
      "A larger claim needs an invoice: the run waits for it, with a reminder after two weeks and an end after five.",
    );
    const large = await baton.start(insuranceClaim, claim("C-3", 200_000));
    await waitFor(() => systems.mail.operations().some(({ id }) => id.endsWith("C-3")));
    await waitForStatus(large, "waiting");
    showCommand("why", "latest");
    await baton.emit({ name: "document.received", data: { claimId: "C-3", document: "invoice" } });
    await waitForStatus(large, "completed");

    print("A very large claim goes to the fraud desk: a child run, which waits for an investigator.");
    const odd = await baton.start(insuranceClaim, claim("ODD-1", 600_000));
    await waitFor(() => systems.fraudDesk.operations().some(({ id }) => id === "case/ODD-1"));
    await baton.emit({ name: "case.closed", data: { claimId: "ODD-1", isFraud: false } });
    await waitForStatus(odd, "completed");

    print("The bank pays, but its answer is lost. The payout must not be repeated, so the run waits for a person.");
    systems.bank.injectFault("transfer", { mode: "lost", when: "after", times: 1 });
    const unclear = await baton.start(insuranceClaim, claim("C-4", 7_000));
    await waitForStatus(unclear, "suspended");
    showCommand("why", "latest");
    const [transfer] = systems.bank.rows("select id from transfers where claim_id = ?", "C-4");
    print(`The bank statement shows ${transfer?.["id"]}: the operator completes the step with it.`);
    await unclear.completeStep({ step: "pay out", output: { transferId: transfer?.["id"] }, why: "seen at the bank" });
    await waitForStatus(unclear, "completed");
  },
  tryNext: [
    'npx baton run insurance-claim --input \'{"claimId":"C-9","policyId":"P-1","email":"a@b.example","iban":"DE02","cents":200000}\'',
    "npx baton why latest",
    'npx baton events send document.received --data \'{"claimId":"C-9","document":"invoice"}\'',
  ],
});
