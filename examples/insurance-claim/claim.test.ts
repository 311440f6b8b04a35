import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestBaton, TestHandle } from "baton/testing";
import { createSimulator } from "../kit/simulation.ts";
import { type Insurer, startInsurer } from "./services.ts";
import { type Claim, fraudCheck, insuranceClaim } from "./workflow.ts";

const claim = (claimId: string, cents: number, policyId = "P-1"): Claim => ({
  claimId,
  policyId,
  email: "ada@customer.example",
  iban: "DE02",
  cents,
});

const transfers = ({ bank }: Insurer, claimId: string): string[] =>
  bank.rows("select id from transfers where claim_id = ?", claimId).map((row) => String(row["id"]));
const send = (test: TestBaton, claimId: string): Promise<unknown> =>
  test.emit({ name: "document.received", data: { claimId, document: "invoice" }, id: `invoice of ${claimId}` });

/** Settles a payout with an unknown outcome as a person would: by checking with the bank. */
async function checkWithBank(run: TestHandle, systems: Insurer, claimId: string): Promise<void> {
  const [transferId] = transfers(systems, claimId);
  if (transferId === undefined) await run.resume();
  else await run.completeStep({ step: "pay out", output: { transferId } });
}

describe("an insurance claim", () => {
  const { simulate, simulateCrashes } = createSimulator(startInsurer, [insuranceClaim, fraudCheck]);

  it("pays a covered claim", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(insuranceClaim, claim("C-1", 5_000));
      assert.deepEqual(await run.result(), { status: "paid", transferId: transfers(systems, "C-1")[0] });
      assert.deepEqual(done(), ["policies.assess", "bank.transfer", "mail.send"]);
    }));

  it("refuses a claim that is not covered, with the reason", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(insuranceClaim, claim("C-2", 5_000, "lapsed"));
      assert.deepEqual(await run.result(), { status: "refused", why: "the policy had lapsed" });
      assert.deepEqual(done(), ["policies.assess", "mail.send"]);
      assert.deepEqual(transfers(systems, "C-2"), []);
    }));

  it("assesses the claim again if documents arrive after the reminder", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(insuranceClaim, claim("C-3", 200_000));
      await test.advance("15d");
      assert.deepEqual(done(), ["policies.assess", "mail.send", "mail.send"]);
      await send(test, "C-3");
      assert.equal((await run.result()).status, "paid");
      assert.equal(transfers(systems, "C-3").length, 1);
    }));

  it("refuses the claim after five weeks without documents", () =>
    simulate(async ({ test, done }) => {
      const run = await test.start(insuranceClaim, claim("C-4", 200_000));
      assert.deepEqual(await run.result({ within: "40d" }), { status: "refused", why: "no documents received" });
      assert.equal(test.clock.now(), Date.UTC(2026, 1, 5));
      assert.deepEqual(done(), ["policies.assess", "mail.send", "mail.send", "mail.send"]);
    }));

  it("the fraud desk clears a claim, rejects it, or asks an investigator", () =>
    simulate(async ({ test, systems, done }) => {
      assert.equal((await (await test.start(insuranceClaim, claim("C-5", 600_000))).result()).status, "paid");
      const fraud = await test.start(insuranceClaim, claim("FRAUD-1", 600_000));
      assert.deepEqual(await fraud.result(), { status: "refused", why: "fraud" });
      const odd = await test.start(insuranceClaim, claim("ODD-1", 600_000));
      await test.advance("3d");
      assert.equal((await odd.detail()).row.reason?.code, "child");
      assert.deepEqual(done("ODD-1"), ["policies.assess", "fraud-desk.score", "fraud-desk.openCase"]);
      await test.emit({ name: "case.closed", data: { claimId: "ODD-1", isFraud: false } });
      assert.equal((await odd.result()).status, "paid");
      assert.deepEqual(transfers(systems, "FRAUD-1"), []);
    }));

  it("suspends the run if the process crashes during the payout, until a person completes the step", () =>
    simulate(async ({ test, systems }) => {
      systems.bank.injectFault("transfer", { mode: "hang", when: "after" });
      const run = await test.start(insuranceClaim, claim("C-6", 5_000));
      await test.settle();
      await test.crash();
      await test.settle();
      assert.deepEqual((await run.detail()).row.reason, { code: "unknown-outcome", step: "pay out" });
      const [transferId] = transfers(systems, "C-6");
      assert.ok(transferId !== undefined);
      await run.completeStep({ step: "pay out", output: { transferId } });
      assert.deepEqual(await run.result(), { status: "paid", transferId });
      assert.deepEqual(transfers(systems, "C-6"), [transferId]);
    }));

  it("suspends the run if the bank pays but its answer is lost", () =>
    simulate(async ({ test, systems }) => {
      systems.bank.injectFault("transfer", { mode: "lost", when: "after" });
      const run = await test.start(insuranceClaim, claim("C-10", 5_000));
      await test.settle();
      assert.equal((await run.detail()).row.reason?.code, "exhausted");
      await checkWithBank(run, systems, "C-10");
      assert.equal((await run.result()).status, "paid");
      assert.equal(transfers(systems, "C-10").length, 1);
    }));

  it("pays after a resume if the payout never reached the bank", () =>
    simulate(async ({ test, systems }) => {
      systems.bank.injectFault("transfer", { mode: "hang", times: 1 });
      const run = await test.start(insuranceClaim, claim("C-7", 5_000));
      await test.settle();
      await test.crash();
      await test.settle();
      assert.equal(await run.status(), "suspended");
      assert.deepEqual(transfers(systems, "C-7"), []);
      await run.resume();
      assert.equal((await run.result()).status, "paid");
      assert.equal(transfers(systems, "C-7").length, 1);
    }));

  it("a claim that is filed twice starts one run", () =>
    simulate(async ({ test }) => {
      for (let n = 0; n < 2; n++) await test.emit({ name: "claim.filed", data: claim("C-8", 200_000) });
      await test.settle();
      assert.equal((await test.baton.runs({ name: "insurance-claim" })).length, 1);
    }));

  it("pays once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, systems, retryOnCrash }) => {
      const run = await retryOnCrash(() =>
        test.start(insuranceClaim, claim("C-9", 200_000), { idempotencyKey: "C-9" }),
      );
      await test.settle();
      await retryOnCrash(() => send(test, "C-9"));
      await test.settle();
      if ((await run.status()) === "suspended") await retryOnCrash(() => checkWithBank(run, systems, "C-9"));
      assert.equal((await run.result()).status, "paid");
      assert.equal(transfers(systems, "C-9").length, 1);
    }));
});
