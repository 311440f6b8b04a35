/**
 * Customer onboarding over five systems. A completed step never runs again. If provisioning fails, the project is kept,
 * nothing after provisioning runs, and the run resumes at provisioning.
 */
import { on, workflow } from "baton";
import { calendar, crm, mail, projects, provisioning } from "./clients.ts";
import { Deal } from "./deal.ts";
import { welcomeMail } from "./welcome.ts";

/** Short, so that a demo shows a failure within seconds. For real systems, start at seconds and retry for minutes. */
const retry = {
  attempts: Number(process.env["ONBOARDING_RETRY_ATTEMPTS"] ?? 5),
  backoff: "exponential",
  first: process.env["ONBOARDING_RETRY_FIRST"] ?? "200ms",
  max: "2s",
} as const;
const options = { retry, timeout: "5s", whenExhausted: "fail" } as const;

export const customerOnboarding = workflow(
  {
    name: "customer-onboarding",
    on: on.event("deal.closed_won"),
    input: Deal,
    key: (deal) => `deal:${deal.dealId}`,
  },
  async (ctx, deal) => {
    const { dealId, company, tier, region } = deal;
    const project = await ctx.step(
      "create project",
      (attempt) => projects.create({ dealId, company }, attempt),
      options,
    );
    const account = await ctx.step(
      "provision account",
      (attempt) => provisioning.provision({ projectId: project.id, dealId }, attempt),
      { ...options, sensitive: ["password"], hideErrors: false },
    );
    await ctx.step("send welcome mail", (attempt) => mail.send(welcomeMail(deal, account), attempt), options);
    const manager = await ctx.step(
      "assign success manager",
      (attempt) => crm.assignManager({ dealId, tier, region }, attempt),
      options,
    );
    const kickoff = await ctx.step(
      "schedule kickoff",
      (attempt) => calendar.schedule({ dealId, managerId: manager.managerId }, attempt),
      options,
    );
    return { project, account: { accountId: account.accountId, login: account.login }, manager, kickoff };
  },
);
