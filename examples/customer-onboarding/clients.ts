/**
 * Typed clients of the five systems. Each call takes the attempt: its idempotency key, so that a repeat is not
 * performed twice, and its signal, so that a step that timed out leaves no request behind.
 */
import { createHash } from "node:crypto";
import { createTransport } from "nodemailer";
import { z } from "zod";
import { readAnswer, SystemError, systemErrorOf } from "./failures.ts";
import { readSystemUrls, type SystemName } from "./systems/directory.ts";

/** What a client needs from the attempt. */
export interface Caller {
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

const Project = z.object({ id: z.string(), dealId: z.string(), name: z.string() });
const Account = z.object({ accountId: z.string(), login: z.string(), password: z.string() });
const Manager = z.object({ managerId: z.string(), name: z.string() });
const Meeting = z.object({ id: z.string(), dealId: z.string(), managerId: z.string(), startsAt: z.string() });

export type Account = z.infer<typeof Account>;

/** A mail to send. The Message-ID is derived from the attempt. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export const projects = {
  /** Creates the project of a deal. */
  create: (deal: { dealId: string; company: string }, caller: Caller) =>
    post("projects", "/projects", deal, caller, Project),
};

export const provisioning = {
  /** Creates the customer's account. Only this response contains the password. */
  provision: (request: { projectId: string; dealId: string }, caller: Caller) =>
    post("provisioning", "/accounts", request, caller, Account),
};

export const crm = {
  /** Assigns the deal to the least loaded success manager of its tier and region. */
  assignManager: (deal: { dealId: string; tier: string; region: string }, caller: Caller) =>
    post("crm", "/assignments", deal, caller, Manager),
};

export const calendar = {
  /** Books the kickoff in the manager's next free hour. */
  schedule: (meeting: { dealId: string; managerId: string }, caller: Caller) =>
    post("calendar", "/meetings", meeting, caller, Meeting),
};

export const mail = {
  /** Delivers over SMTP. The Message-ID is derived from the idempotency key, so the server recognises a repeat. */
  send: async (
    { to, subject, text }: Mail,
    { idempotencyKey, signal }: Caller,
  ): Promise<{ messageId: string; to: string }> => {
    const { hostname: host, port } = new URL(readSystemUrls().smtp);
    const transport = createTransport({ host, port: Number(port), secure: false, ignoreTLS: true });
    const messageId = `<${createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 32)}@onboarding.example>`;
    const from = "welcome@onboarding.example";
    // Quoted-printable keeps the password readable in the stored file.
    const message = { from, to, subject, text, textEncoding: "quoted-printable" as const, messageId, signal };
    await transport.sendMail(message).catch((error: unknown) => {
      throw systemErrorOf("mail", error, signal);
    });
    return { messageId, to };
  },
};

async function post<Result>(
  system: SystemName,
  path: string,
  body: unknown,
  { idempotencyKey, signal }: Caller,
  schema: z.ZodType<Result>,
): Promise<Result> {
  const request = { method: "POST", headers: headersOf(idempotencyKey), body: JSON.stringify(body), signal };
  const response = await fetch(`${readSystemUrls()[system]}${path}`, request).catch((error: unknown) => {
    throw systemErrorOf(system, error, signal);
  });
  const parsed = schema.safeParse(await readAnswer(system, response, signal));
  if (!parsed.success) {
    throw new SystemError(system, "unexpected-answer", `returned an unexpected answer: ${parsed.error.message}`);
  }
  return parsed.data;
}

const headersOf = (idempotencyKey: string): Record<string, string> => ({
  "content-type": "application/json",
  "idempotency-key": idempotencyKey,
});
