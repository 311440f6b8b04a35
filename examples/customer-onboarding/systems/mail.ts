/**
 * The mail system: a real SMTP server that stores each delivered mail as an .eml file, and an HTTP API to read them.
 *
 * SMTP has no Idempotency-Key header, so the Message-ID is used as the key. The file is named after the Message-ID and
 * is on disk before the log row is committed. After a kill in between, the client's next try overwrites the file with
 * the same mail, and then logs and acknowledges it.
 */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { dirname, resolve } from "node:path";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import type { Ledger } from "./ledger.ts";
import { requireQuery, runService, type ServiceFlags } from "./service.ts";

/** A welcome mail has a few hundred bytes. */
const MAIL_BYTES_MAX = 1024 * 1024;

await runService({
  tables: `
    create table if not exists mails (
      message_id text not null, recipient text not null, subject text not null, file text not null
    ) strict;
    create index if not exists mails_recipient on mails (recipient);
  `,
  routes: (ledger) => [
    {
      method: "GET",
      path: "/mails",
      handle: (call) => ({ status: 200, body: readMails(ledger, requireQuery(call, "to")) }),
    },
  ],
  open: openSmtp,
});

function readMails(ledger: Ledger, recipient: string): unknown {
  return ledger.db
    .prepare("select message_id as messageId, subject, file from mails where recipient = ? order by rowid")
    .all(recipient.toLowerCase())
    .map((row) => ({ ...row, source: readFileSync(String(row["file"]), "utf8") }));
}

async function openSmtp(ledger: Ledger, flags: ServiceFlags): Promise<{ urls: { smtp: string }; close(): void }> {
  const folder = resolve(flags.dataDir, "mails");
  mkdirSync(folder, { recursive: true });
  const server = new SMTPServer({
    // Loopback only, without accounts: mail security is not part of the demo.
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    size: MAIL_BYTES_MAX,
    onData: (stream, session, done) => {
      receive(stream)
        .then((source) => deliver(ledger, folder, source, session))
        .then(
          (reply) => done(null, reply),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        );
    },
  });
  // A client that disconnects in the middle of a mail is normal: ignore it.
  server.on("error", (error) => {
    if (!("code" in error && error.code === "ECONNRESET")) process.stderr.write(`smtp: ${error.message}\n`);
  });
  await new Promise<void>((started) => void server.listen(flags.smtpPort, "127.0.0.1", started));
  return {
    urls: { smtp: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}` },
    close: () => server.close(),
  };
}

async function receive(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) if (!stream.sizeExceeded) chunks.push(chunk);
  if (stream.sizeExceeded) throw refused(552, `the mail is larger than ${MAIL_BYTES_MAX} bytes`);
  return Buffer.concat(chunks);
}

function deliver(ledger: Ledger, folder: string, source: Buffer, session: SMTPServerSession): string {
  const messageId = readHeader(source, "message-id");
  if (messageId === undefined) throw refused(550, "the mail has no Message-ID");
  const recipients = session.envelope.rcptTo.map(({ address }) => address.toLowerCase());
  const file = resolve(folder, `${createHash("sha256").update(messageId).digest("hex").slice(0, 32)}.eml`);
  const { isRepeat } = ledger.once({ key: messageId, operation: "deliver mail", request: { recipients } }, (db) => {
    writeDurably(file, source);
    const insert = db.prepare("insert into mails (message_id, recipient, subject, file) values (?, ?, ?, ?)");
    for (const recipient of recipients) insert.run(messageId, recipient, readHeader(source, "subject") ?? "", file);
    return { id: messageId, answer: { messageId } };
  });
  return isRepeat ? `${messageId} was already delivered` : `${messageId} delivered`;
}

function refused(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

function readHeader(source: Buffer, name: string): string | undefined {
  const head = source.toString("utf8").split("\r\n\r\n", 1)[0] ?? "";
  const unfolded = head.replaceAll(/\r\n[ \t]+/g, " ");
  return new RegExp(`^${name}:[ \\t]*(.+)$`, "im").exec(unfolded)?.[1]?.trim();
}

function writeDurably(file: string, content: Buffer): void {
  const draft = `${file}.draft`;
  const handle = openSync(draft, "w");
  writeFileSync(handle, content);
  fsyncSync(handle);
  closeSync(handle);
  renameSync(draft, file);
  // The rename is durable only after the folder is synced.
  const folder = openSync(dirname(file), "r");
  fsyncSync(folder);
  closeSync(folder);
}
