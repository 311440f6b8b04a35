/** Verifies an onboarding in the five systems themselves: reads what each has stored for the deal. */
import { relative } from "node:path";
import type { Deal } from "../deal.ts";
import type { SystemUrls } from "../systems/directory.ts";

/** The records of each system for one deal. */
export interface SystemRecords {
  readonly projects: readonly { id: string; name: string }[];
  readonly accounts: readonly { accountId: string; login: string }[];
  readonly mails: readonly { file: string; source: string }[];
  readonly manager: { managerId: string; managerName: string } | null;
  readonly meetings: readonly { id: string; startsAt: string }[];
}

/** The result for one system. */
export interface Verification {
  readonly system: string;
  readonly isVerified: boolean;
  readonly text: string;
}

/** Reads the records of the deal from the five systems. */
export async function readRecords(urls: SystemUrls, { dealId, email }: Deal): Promise<SystemRecords> {
  const id = encodeURIComponent(dealId);
  const [projects, accounts, mails, manager, meetings] = await Promise.all([
    read<SystemRecords["projects"]>(`${urls.projects}/projects?dealId=${id}`),
    read<SystemRecords["accounts"]>(`${urls.provisioning}/accounts?dealId=${id}`),
    read<SystemRecords["mails"]>(`${urls.mail}/mails?to=${encodeURIComponent(email)}`),
    read<SystemRecords["manager"]>(`${urls.crm}/deals/${id}`),
    read<SystemRecords["meetings"]>(`${urls.calendar}/meetings?dealId=${id}`),
  ]);
  return { projects: projects ?? [], accounts: accounts ?? [], mails: mails ?? [], manager, meetings: meetings ?? [] };
}

/** A completed onboarding has exactly one record in each system, and the mail contains the login from provisioning. */
export function verifyOnboarding({ projects, accounts, mails, manager, meetings }: SystemRecords): Verification[] {
  const [project, account, mail, meeting] = [projects[0], accounts[0], mails[0], meetings[0]];
  const hasCredentials =
    mail !== undefined &&
    account !== undefined &&
    mail.source.includes(account.login) &&
    /^Password: \S+/m.test(mail.source);
  return [
    { system: "projects", isVerified: projects.length === 1, text: `row ${project?.id}, "${project?.name}"` },
    {
      system: "provisioning",
      isVerified: accounts.length === 1,
      text: `account ${account?.accountId}, ${account?.login}`,
    },
    {
      system: "mail",
      isVerified: mails.length === 1 && hasCredentials,
      text: `${mail === undefined ? "no file" : relative("", mail.file)} ${hasCredentials ? "contains" : "does not contain"} login and password`,
    },
    {
      system: "crm",
      isVerified: manager !== null,
      text: `success manager ${manager?.managerName} (${manager?.managerId})`,
    },
    { system: "calendar", isVerified: meetings.length === 1, text: `meeting ${meeting?.id} at ${meeting?.startsAt}` },
  ];
}

/** The body of the response, or null if the system returns 404. */
async function read<Body>(url: string): Promise<Body | null> {
  const response = await fetch(url);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${url} returned ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}
