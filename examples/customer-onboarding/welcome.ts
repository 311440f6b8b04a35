import type { Account, Mail } from "./clients.ts";

/** The welcome mail with the credentials. One fact per line, so that no line is long enough to be folded. */
export function welcomeMail(deal: { company: string; email: string }, account: Account): Mail {
  return {
    to: deal.email,
    subject: "Your account is ready",
    text: [
      `Welcome, ${deal.company}.`,
      "",
      `Login:    ${account.login}`,
      `Password: ${account.password}`,
      "",
      "Please change the password when you first sign in.",
    ].join("\n"),
  };
}
