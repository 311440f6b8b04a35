import { runDemo } from "../kit/demo.ts";
import { startCompany } from "./services.ts";
import { employeeOnboarding, type Hire } from "./workflow.ts";

/** A laptop must be there a day before the first day. In the demo that is seconds away, so a laptop is lent. */
const hire = (employeeId: string, startsInMs: number, more: Partial<Hire> = {}): Hire => ({
  employeeId,
  name: "Ada",
  privateMail: "ada@home.example",
  address: "1 Quay Street",
  role: "engineer",
  location: "berlin",
  startsAt: new Date(Date.now() + startsInMs).toISOString(),
  ...more,
});
const monthMs = 30 * 86_400_000;

await runDemo({
  name: "employee-onboarding",
  definitions: [employeeOnboarding],
  startSystems: startCompany,
  script: async ({ baton, systems, print, showCommand, waitForStatus, waitFor }) => {
    print("An engineer in Berlin starts work in two seconds: too soon for a new laptop, so one is lent.");
    await waitForStatus(await baton.start(employeeOnboarding, hire("E-1", 2_000)), "completed");

    print("A remote employee starts work in a month. Until then the run is only a row in the store.");
    const remote = await baton.start(employeeOnboarding, hire("E-2", monthMs, { role: "sales", location: "remote" }));
    await waitFor(() => systems.payroll.operations().some(({ id }) => id.endsWith("E-2")));
    await waitForStatus(remote, "waiting");
    await baton.emit({ name: "equipment.delivered", data: { orderId: "EQ-E-2" } });
    await waitFor(async () => (await remote.status()) === "waiting");
    showCommand("why", "latest");
    print("The same contract again does not start a second run.");
    const refusal = await baton.start(employeeOnboarding, hire("E-2", monthMs)).then(
      () => "Unexpected: a second run was started.",
      (error: Error) => `Refused: ${error.message}`,
    );
    print(refusal);

    print("Payroll is down: the run fails, the results of the other three systems are kept, and resume continues.");
    systems.payroll.injectFault("enrol", { mode: 503 });
    const stuck = await baton.start(employeeOnboarding, hire("E-3", 5_000, { location: "austin" }));
    await waitForStatus(stuck, "failed");
    systems.payroll.clearFaults();
    await stuck.resume({ why: "payroll repaired" });
    await waitForStatus(stuck, "completed");
  },
  tryNext: [
    "npx baton why latest                              show what the run waits for, and until when",
    "npx baton show latest                             show every step with its attempts",
    "npx baton cancel latest --reason 'went elsewhere'",
  ],
});
