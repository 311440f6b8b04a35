import { tellStory } from "../kit/story.ts";
import { startCompany } from "./services.ts";
import { employeeOnboarding, type Hire } from "./workflow.ts";

/** In a story the first day is two seconds away; the laptop would have to be there a day before, so it is lent. */
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

await tellStory({
  name: "employee-onboarding",
  definitions: [employeeOnboarding],
  startSystems: startCompany,
  tell: async ({ baton, systems, say, command, until, seen }) => {
    say("An engineer in Berlin begins in two seconds: too soon for a laptop, so one is lent.");
    await until(await baton.start(employeeOnboarding, hire("E-1", 2_000)), "completed");

    say("A colleague who works from home begins in a month. The run is a row in the store until then.");
    const remote = await baton.start(employeeOnboarding, hire("E-2", monthMs, { role: "sales", location: "remote" }));
    await seen(() => systems.payroll.acts().some(({ id }) => id.endsWith("E-2")));
    await until(remote, "waiting");
    await baton.emit({ name: "equipment.delivered", data: { orderId: "EQ-E-2" } });
    await seen(async () => (await remote.status()) === "waiting");
    command("why", "latest");
    say("The same contract again is no second run.");
    const again = await baton.start(employeeOnboarding, hire("E-2", monthMs));
    say(again.id === remote.id ? `It is ${remote.id.slice(0, 12)}… still.` : "A second run: this must not be.");

    say("Payroll is down: the run stops there, what the other three have done is kept, and resume goes on.");
    systems.payroll.breakDown("enrol", { mode: 503 });
    const stuck = await baton.start(employeeOnboarding, hire("E-3", 5_000, { location: "austin" }));
    await until(stuck, "failed");
    systems.payroll.mend();
    await stuck.resume({ why: "payroll is back" });
    await until(stuck, "completed");
  },
  tryNext: [
    "npx baton why latest                              who waits for what, and until when",
    "npx baton show latest                             every step with its attempts",
    "npx baton cancel latest --reason 'went elsewhere'",
  ],
});
