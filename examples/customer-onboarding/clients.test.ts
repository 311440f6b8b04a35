import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Caller, calendar, crm, mail, projects, provisioning } from "./clients.ts";
import { type Systems, startSystems } from "./systems/start.ts";

async function setup(): Promise<{ systems: Systems; dataDir: string }> {
  const dataDir = mkdtempSync(join(tmpdir(), "onboarding-clients-"));
  const systems = await startSystems({ dataDir });
  process.env["ONBOARDING_SYSTEMS"] = systems.directoryFile;
  return { systems, dataDir };
}

describe("the clients", () => {
  let systems: Systems;
  let dataDir: string;
  before(async () => {
    ({ systems, dataDir } = await setup());
  });
  after(async () => {
    await systems.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const caller = (signal: AbortSignal = new AbortController().signal): Caller => ({
    idempotencyKey: randomUUID(),
    signal,
  });
  const control = async (body: unknown): Promise<void> => {
    const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    assert.ok((await fetch(`${systems.urls.provisioning}/control`, request)).ok);
  };

  it("process a deal in the five systems", async () => {
    const dealId = randomUUID();
    const project = await projects.create({ dealId, company: "Acme" }, caller());
    const account = await provisioning.provision({ projectId: project.id, dealId }, caller());
    const sent = await mail.send({ to: "it@acme.example", subject: "Hello", text: account.password }, caller());
    const manager = await crm.assignManager({ dealId, tier: "smb", region: "emea" }, caller());
    const meeting = await calendar.schedule({ dealId, managerId: manager.managerId }, caller());
    assert.match(sent.messageId, /^<[0-9a-f]{32}@onboarding\.example>$/);
    assert.deepEqual([project.dealId, meeting.managerId], [dealId, manager.managerId]);
  });

  it("return the same answer for the same idempotency key", async () => {
    const [dealId, same] = [randomUUID(), caller()];
    const request = { projectId: "PRJ-1", dealId };
    assert.deepEqual(await provisioning.provision(request, same), await provisioning.provision(request, same));
  });

  it("throw a retryable error with the status for a 503", async () => {
    const dealId = randomUUID();
    await control({ mode: "503", only: dealId });
    await assert.rejects(provisioning.provision({ projectId: "PRJ-1", dealId }, caller()), {
      name: "SystemError",
      code: "http-503",
      status: 503,
    });
  });

  it("throw RetryAfter for a response with Retry-After", async () => {
    const dealId = randomUUID();
    await control({ mode: "503", only: dealId, retryAfterSeconds: 7 });
    await assert.rejects(provisioning.provision({ projectId: "PRJ-1", dealId }, caller()), { name: "RetryAfter" });
  });

  it("throw NonRetryableError for a wrong request", async () => {
    await assert.rejects(crm.assignManager({ dealId: "D-1", tier: "smb", region: "moon" }, caller()), {
      name: "NonRetryableError",
      message: /no manager for smb customers in "moon"/,
    });
  });

  it("throw a retryable error when the process crashes during a request", async () => {
    const dealId = randomUUID();
    await control({ mode: "crash", only: dealId });
    const back = systems.get("provisioning").nextRestart();
    await assert.rejects(provisioning.provision({ projectId: "PRJ-1", dealId }, caller()), { name: "SystemError" });
    await back;
  });

  it("throw the signal's reason when it aborts a request that hangs", async () => {
    const dealId = randomUUID();
    await control({ mode: "hang", only: dealId });
    const hanging = provisioning.provision({ projectId: "PRJ-1", dealId }, caller(AbortSignal.timeout(50)));
    await assert.rejects(hanging, { name: "TimeoutError" });
  });

  it("throw the signal's reason when it aborts a mail", async () => {
    const aborted = mail.send({ to: "it@acme.example", subject: "Hello", text: "" }, caller(AbortSignal.abort()));
    await assert.rejects(aborted, { name: "AbortError" });
  });

  it("throw NonRetryableError for a mail that the server refuses permanently", async () => {
    const oversized = { to: "it@acme.example", subject: "Hello", text: "x".repeat(2 * 1024 * 1024) };
    await assert.rejects(mail.send(oversized, caller()), { name: "NonRetryableError" });
  });
});
