import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestBaton } from "baton/testing";
import { createSimulator } from "../kit/simulation.ts";
import { startCompany } from "./services.ts";
import { employeeOnboarding, type Hire } from "./workflow.ts";

const hire = (employeeId: string, more: Partial<Hire> = {}): Hire => ({
  employeeId,
  name: "Ada",
  privateMail: "ada@home.example",
  address: "1 Quay Street",
  role: "engineer",
  location: "berlin",
  startsAt: "2026-02-01T08:00:00Z",
  ...more,
});

const deliver = (test: TestBaton, employeeId: string): Promise<unknown> =>
  test.emit({ name: "equipment.delivered", data: { orderId: `EQ-${employeeId}` }, id: `delivered ${employeeId}` });

const beforehand = ["directory.createAccount", "equipment.order", "facilities.grantAccess", "payroll.enrol"];
const firstDay = ["directory.activate", "facilities.bookBriefing", "mail.send"];

describe("employee onboarding", () => {
  const { simulate, simulateCrashes } = createSimulator(startCompany, [employeeOnboarding]);

  it("calls four systems in parallel, waits for the laptop, and does the rest on the first day", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(employeeOnboarding, hire("E-1"));
      await test.advance("5d");
      await deliver(test, "E-1");
      await test.advance("5d");
      assert.deepEqual(done().toSorted(), beforehand);
      assert.equal((await run.detail()).row.reason?.code, "timer");
      assert.deepEqual(await run.result({ within: "60d" }), {
        login: "e-1@company.example",
        badgeId: "BADGE-E-1",
        loanId: null,
      });
      assert.equal(test.clock.now(), Date.parse("2026-02-01T08:00:00Z"));
      assert.deepEqual(done().slice(4), firstDay);
      assert.deepEqual(
        { ...systems.directory.rows("select groups from accounts")[0] },
        { groups: "everyone,code,on-call" },
      );
      assert.deepEqual(
        { ...systems.equipment.rows("select * from orders")[0] },
        {
          employee_id: "E-1",
          model: "workstation",
          ship_to: "Spree House",
        },
      );
    }));

  it("ships the laptop of a remote employee home, without a badge or a briefing", () =>
    simulate(async ({ test, systems, done }) => {
      const run = await test.start(employeeOnboarding, hire("E-2", { role: "sales", location: "remote" }));
      await deliver(test, "E-2");
      assert.equal((await run.result({ within: "60d" })).badgeId, null);
      assert.deepEqual(done().toSorted(), [
        "directory.activate",
        "directory.createAccount",
        "equipment.order",
        "mail.send",
        "payroll.enrol",
      ]);
      assert.equal(systems.equipment.rows("select ship_to from orders")[0]?.["ship_to"], "1 Quay Street");
    }));

  it("grants access in Austin, without a briefing", () =>
    simulate(async ({ test, done }) => {
      const run = await test.start(employeeOnboarding, hire("E-3", { role: "support", location: "austin" }));
      await deliver(test, "E-3");
      await run.result({ within: "60d" });
      assert.deepEqual(done().slice(4), ["directory.activate", "mail.send"]);
    }));

  it("lends a laptop the day before if the ordered one is late", () =>
    simulate(async ({ test, done }) => {
      const run = await test.start(employeeOnboarding, hire("E-4"));
      await test.advance("30d");
      assert.deepEqual(done().slice(4), []);
      await test.advance("1d");
      assert.deepEqual(done().slice(4), ["equipment.lend"]);
      assert.equal((await run.result()).loanId, "LOAN-E-4");
    }));

  it("a second contract event for the same employee starts nothing", () =>
    simulate(async ({ test }) => {
      await test.emit({ name: "contract.signed", data: hire("E-5") });
      await test.emit({ name: "contract.signed", data: hire("E-5") });
      await test.emit({ name: "contract.signed", data: hire("E-6") });
      await test.settle();
      assert.equal((await test.baton.runs({ name: "employee-onboarding" })).length, 2);
    }));

  it("fails if payroll is down, and resume continues there without repeating other calls", () =>
    simulate(async ({ test, systems, done }) => {
      systems.payroll.injectFault("enrol", { mode: 503 });
      const run = await test.start(employeeOnboarding, hire("E-7"));
      await test.advance("1m");
      assert.equal(await run.status(), "failed");
      assert.deepEqual(done().toSorted(), beforehand.slice(0, 3));
      systems.payroll.clearFaults();
      await run.resume();
      await deliver(test, "E-7");
      await run.result({ within: "60d" });
      assert.deepEqual(done().slice(0, 4).toSorted(), beforehand);
      assert.deepEqual(done().slice(4), firstDay);
    }));

  it("onboards once if the process crashes at any store operation", () =>
    simulateCrashes(async ({ test, done, retryOnCrash }) => {
      const input = hire("E-8", { startsAt: "2026-01-02T12:00:00Z" });
      const run = await retryOnCrash(() => test.start(employeeOnboarding, input, { idempotencyKey: "E-8" }));
      await test.advance("1h");
      await retryOnCrash(() => deliver(test, "E-8"));
      await run.result({ within: "60d" });
      assert.deepEqual(done().slice(0, 4).toSorted(), beforehand);
      assert.deepEqual(done().slice(4), firstDay);
    }));
});
