/** What the five systems themselves say about a deal: the proof that the run's steps really happened. */
import { relative } from "node:path";
import type { Deal } from "../deal.ts";
import type { SystemUrls } from "../systems/directory.ts";

/** What each system holds for one deal. */
export interface Evidence {
  readonly projects: readonly { id: string; name: string }[];
  readonly accounts: readonly { accountId: string; login: string }[];
  readonly mails: readonly { file: string; source: string }[];
  readonly manager: { managerId: string; managerName: string } | null;
  readonly meetings: readonly { id: string; startsAt: string }[];
}

/** One line of the proof. */
export interface Proof {
  readonly system: string;
  readonly isProven: boolean;
  readonly text: string;
}

/** Asks the five systems about the deal. */
export async function gatherEvidence(urls: SystemUrls, { dealId, email }: Deal): Promise<Evidence> {
  const id = encodeURIComponent(dealId);
  const [projects, accounts, mails, manager, meetings] = await Promise.all([
    read<Evidence["projects"]>(`${urls.projects}/projects?dealId=${id}`),
    read<Evidence["accounts"]>(`${urls.provisioning}/accounts?dealId=${id}`),
    read<Evidence["mails"]>(`${urls.mail}/mails?to=${encodeURIComponent(email)}`),
    read<Evidence["manager"]>(`${urls.crm}/deals/${id}`),
    read<Evidence["meetings"]>(`${urls.calendar}/meetings?dealId=${id}`),
  ]);
  return { projects: projects ?? [], accounts: accounts ?? [], mails: mails ?? [], manager, meetings: meetings ?? [] };
}

/** A completed onboarding shows in each system exactly once, and the mail holds the login that provisioning made. */
export function proveOnboarding({ projects, accounts, mails, manager, meetings }: Evidence): Proof[] {
  const [project, account, mail, meeting] = [projects[0], accounts[0], mails[0], meetings[0]];
  const holdsCredentials =
    mail !== undefined &&
    account !== undefined &&
    mail.source.includes(account.login) &&
    /^Password: \S+/m.test(mail.source);
  return [
    { system: "projects", isProven: projects.length === 1, text: `row ${project?.id}, "${project?.name}"` },
    {
      system: "provisioning",
      isProven: accounts.length === 1,
      text: `account ${account?.accountId}, ${account?.login}`,
    },
    {
      system: "mail",
      isProven: mails.length === 1 && holdsCredentials,
      text: `${mail === undefined ? "no file" : relative("", mail.file)} ${holdsCredentials ? "holds" : "does not hold"} login and password`,
    },
    {
      system: "crm",
      isProven: manager !== null,
      text: `success manager ${manager?.managerName} (${manager?.managerId})`,
    },
    { system: "calendar", isProven: meetings.length === 1, text: `meeting ${meeting?.id} at ${meeting?.startsAt}` },
  ];
}

/** The answer's body, or null where the system knows nothing. */
async function read<Body>(url: string): Promise<Body | null> {
  const response = await fetch(url);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Body;
}
