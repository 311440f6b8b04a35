/**
 * Onboards a new employee, from the contract to the first day. It calls four systems in parallel, then waits for the
 * laptop (days) and the first day (months). While it waits, the run is only a row in the store.
 */
import { type Context, on, workflow } from "baton";
import { z } from "zod";
import { retry } from "../kit/retry.ts";
import { locations, planFor, roles } from "./plan.ts";
import { directory, equipment, facilities, mail, payroll } from "./systems.ts";

export const Hire = z.object({
  employeeId: z.string().min(1),
  name: z.string().min(1),
  privateMail: z.email(),
  address: z.string().min(1),
  role: z.enum(roles),
  location: z.enum(locations),
  startsAt: z.iso.datetime(),
});
export type Hire = z.infer<typeof Hire>;

export const employeeOnboarding = workflow(
  {
    name: "employee-onboarding",
    on: on.event("contract.signed"),
    input: Hire,
    key: (hire) => `employee:${hire.employeeId}`,
    singleton: { policy: "skip", key: (hire) => hire.employeeId },
    retry,
  },
  async (ctx, hire) => {
    const { employeeId, name, role, location, startsAt } = hire;
    const { groups, laptop, building, country, needsBriefing } = planFor(role, location);
    const shipTo = building ?? hire.address;

    const [account, order, badge] = await Promise.all([
      ctx.step("create account", (attempt) =>
        directory.createAccount({ employeeId, name, groups: [...groups] }, attempt),
      ),
      ctx.step("order laptop", (attempt) => equipment.order({ employeeId, model: laptop, shipTo }, attempt)),
      building === null
        ? null
        : ctx.step("grant building access", (attempt) => facilities.grantAccess({ employeeId, building }, attempt)),
      ctx.step("enrol in payroll", (attempt) => payroll.enrol({ employeeId, country, startsAt }, attempt)),
    ]);

    const hasLaptop = await laptopArrives(ctx, order.orderId, startsAt);
    const loan = hasLaptop
      ? null
      : await ctx.step("lend a laptop", (attempt) => equipment.lend({ employeeId }, attempt));

    await ctx.sleepUntil("first day", startsAt);
    await ctx.step("activate account", (attempt) => directory.activate({ employeeId, login: account.login }, attempt));
    if (building !== null && needsBriefing)
      await ctx.step("book safety briefing", (attempt) => facilities.bookBriefing({ employeeId, building }, attempt));
    await ctx.step("send welcome mail", (attempt) =>
      mail.send({ employeeId, to: hire.privateMail, subject: `Welcome, ${name}` }, attempt),
    );
    return { login: account.login, badgeId: badge?.badgeId ?? null, loanId: loan?.loanId ?? null };
  },
);

/** Whether the laptop is delivered at least a day before the first day. */
async function laptopArrives(ctx: Context, orderId: string, startsAt: string): Promise<boolean> {
  const timeout = Math.max(0, Date.parse(startsAt) - dayMs - ctx.now());
  return (await ctx.waitForEvent("equipment.delivered", { match: { orderId }, timeout })) !== null;
}

const dayMs = 86_400_000;
