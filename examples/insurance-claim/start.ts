import { tellStory } from "../kit/story.ts";
import { startInsurer } from "./services.ts";
import { type Claim, fraudCheck, insuranceClaim } from "./workflow.ts";

const claim = (claimId: string, cents: number, policyId = "P-1"): Claim => ({
  claimId,
  policyId,
  email: "ada@customer.example",
  iban: "DE02",
  cents,
});

await tellStory({
  name: "insurance-claim",
  definitions: [fraudCheck, insuranceClaim],
  startSystems: startInsurer,
  tell: async ({ baton, systems, say, command, until, seen }) => {
    say("A small claim is paid, one on a lapsed policy is not.");
    await until(await baton.start(insuranceClaim, claim("C-1", 5_000)), "completed");
    await until(await baton.start(insuranceClaim, claim("C-2", 5_000, "lapsed")), "completed");

    say("A larger one needs an invoice. It waits for it, with a reminder in two weeks and an end in five.");
    const papers = await baton.start(insuranceClaim, claim("C-3", 200_000));
    await seen(() => systems.mail.acts().some(({ id }) => id.endsWith("C-3")));
    await until(papers, "waiting");
    command("why", "latest");
    await baton.emit({ name: "document.received", data: { claimId: "C-3", document: "invoice" } });
    await until(papers, "completed");

    say("A very large one goes to the fraud desk: a run of its own, which waits for an investigator.");
    const odd = await baton.start(insuranceClaim, claim("ODD-1", 600_000));
    await seen(() => systems.fraudDesk.acts().some(({ id }) => id === "case/ODD-1"));
    await baton.emit({ name: "case.closed", data: { claimId: "ODD-1", isFraud: false } });
    await until(odd, "completed");

    say("The bank takes the money and never answers. Nobody may try twice: a person looks and says what happened.");
    systems.bank.breakDown("transfer", { mode: "lost", moment: "after", times: 1 });
    const unclear = await baton.start(insuranceClaim, claim("C-4", 7_000));
    await until(unclear, "suspended");
    command("why", "latest");
    const [transfer] = systems.bank.rows("select id from transfers where claim_id = ?", "C-4");
    say(`The bank's own statement has ${transfer?.["id"]}.`);
    await unclear.completeStep({ step: "pay out", output: { transferId: transfer?.["id"] }, why: "seen at the bank" });
    await until(unclear, "completed");
  },
  tryNext: [
    'npx baton run insurance-claim --input \'{"claimId":"C-9","policyId":"P-1","email":"a@b.example","iban":"DE02","cents":200000}\'',
    "npx baton why latest",
    'npx baton events send document.received --data \'{"claimId":"C-9","document":"invoice"}\'',
  ],
});
