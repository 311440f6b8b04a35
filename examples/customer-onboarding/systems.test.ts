import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createTransport } from "nodemailer";
import { until } from "./processes/until.ts";
import { SYSTEM_NAMES, type SystemName, type SystemUrls } from "./systems/directory.ts";
import { openLedgerReader } from "./systems/ledger.ts";
import { type Systems, startSystems } from "./systems/start.ts";

/** Starts the five systems for all tests of this file. Each test uses its own deals and keys. */
async function setup(): Promise<{ systems: Systems; dataDir: string }> {
  const dataDir = mkdtempSync(join(tmpdir(), "onboarding-systems-"));
  return { systems: await startSystems({ dataDir }), dataDir };
}

describe("the five systems", () => {
  let systems: Systems;
  let dataDir: string;
  before(async () => {
    ({ systems, dataDir } = await setup());
  });
  after(async () => {
    await systems.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const post = (
    system: SystemName,
    path: string,
    body: unknown,
    key?: string,
    signal?: AbortSignal,
  ): Promise<Response> =>
    fetch(`${systems.urls[system]}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
  const get = async (system: SystemName, path: string): Promise<unknown> =>
    (await fetch(`${systems.urls[system]}${path}`)).json();
  const log = (system: SystemName, key: string): { operations: number; repeats: number } => {
    const reader = openLedgerReader(systems.get(system).dataDir);
    const withKey = (line: { key: string }): boolean => line.key === key;
    const found = {
      operations: reader.operations().filter(withKey).length,
      repeats: reader.repeats().filter(withKey).length,
    };
    reader.close();
    return found;
  };
  const control = (body: unknown): Promise<Response> => post("provisioning", "/control", body);
  const sendMail = async (to: string, key: string): Promise<string> => {
    const { hostname: host, port } = new URL(systems.urls.smtp);
    const transport = createTransport({ host, port: Number(port), secure: false, ignoreTLS: true });
    const messageId = `<${createHash("sha256").update(key).digest("hex")}@test.example>`;
    await transport.sendMail({ from: "us@test.example", to, subject: "Hello", text: "login: ada", messageId });
    return messageId;
  };

  /** One request for each system, for the guarantees that all of them share. */
  const requests: [SystemName, string, (dealId: string) => unknown][] = [
    ["crm", "/assignments", (dealId) => ({ dealId, tier: "smb", region: "emea" })],
    ["projects", "/projects", (dealId) => ({ dealId, company: "Acme" })],
    ["provisioning", "/accounts", (dealId) => ({ dealId, projectId: "PRJ-1" })],
    ["calendar", "/meetings", (dealId) => ({ dealId, managerId: "csm-ada" })],
  ];
  for (const [system, path, body] of requests) {
    it(`${system} performs an operation once per idempotency key and returns the same answer to a repeat`, async () => {
      const key = randomUUID();
      const dealId = randomUUID();
      const first = await post(system, path, body(dealId), key);
      const second = await post(system, path, body(dealId), key);
      assert.deepEqual([first.status, second.status], [201, 200]);
      assert.deepEqual(await second.json(), await first.json());
      assert.deepEqual(log(system, key), { operations: 1, repeats: 1 });
    });

    it(`${system} recognises the key after it was killed`, async () => {
      const key = randomUUID();
      const dealId = randomUUID();
      const first = await (await post(system, path, body(dealId), key)).json();
      const back = systems.get(system).nextRestart();
      systems.get(system).kill();
      await back;
      assert.deepEqual(await (await post(system, path, body(dealId), key)).json(), first);
      assert.deepEqual(log(system, key), { operations: 1, repeats: 1 });
    });

    it(`${system} performs an operation once for eight concurrent requests`, async () => {
      const key = randomUUID();
      const dealId = randomUUID();
      const answers = await Promise.all(Array.from({ length: 8 }, () => post(system, path, body(dealId), key)));
      assert.equal(new Set(await Promise.all(answers.map((answer) => answer.text()))).size, 1);
      assert.deepEqual(log(system, key), { operations: 1, repeats: 7 });
    });

    it(`${system} refuses a request without a key, an invalid body, and a key used for another request`, async () => {
      const key = randomUUID();
      await post(system, path, body(randomUUID()), key);
      assert.equal((await post(system, path, body(randomUUID()))).status, 400);
      assert.equal((await post(system, path, {}, randomUUID())).status, 400);
      assert.equal((await post(system, path, body(randomUUID()), key)).status, 422);
    });
  }

  it("the project tool finds the project of a deal", async () => {
    const dealId = randomUUID();
    const made = await (await post("projects", "/projects", { dealId, company: "Acme" }, randomUUID())).json();
    assert.deepEqual(await get("projects", `/projects?dealId=${dealId}`), [made]);
  });

  it("the CRM assigns deals of a tier and region to its least loaded manager", async () => {
    const assign = async (): Promise<unknown> =>
      (await post("crm", "/assignments", { dealId: randomUUID(), tier: "smb", region: "apac" }, randomUUID())).json();
    assert.deepEqual(
      [await assign(), await assign(), await assign()],
      [
        { managerId: "csm-kavya", name: "Kavya Rao" },
        { managerId: "csm-liam", name: "Liam Nguyen" },
        { managerId: "csm-kavya", name: "Kavya Rao" },
      ],
    );
  });

  it("the CRM refuses a region without managers", async () => {
    const answer = await post("crm", "/assignments", { dealId: "D-1", tier: "smb", region: "moon" }, randomUUID());
    assert.equal(answer.status, 422);
  });

  it("the CRM returns a deal with its manager, and 404 for an unknown deal", async () => {
    const dealId = randomUUID();
    await post("crm", "/assignments", { dealId, tier: "enterprise", region: "amer" }, randomUUID());
    const deal = (await get("crm", `/deals/${dealId}`)) as { tier: string; managerName: string };
    assert.deepEqual([deal.tier, deal.managerName], ["enterprise", "Elena Ruiz"]);
    assert.equal((await fetch(`${systems.urls.crm}/deals/unknown`)).status, 404);
  });

  it("the calendar books a manager's meetings at different hours of working days", async () => {
    const book = async (): Promise<string> => {
      const answer = await post("calendar", "/meetings", { dealId: randomUUID(), managerId: "csm-jun" }, randomUUID());
      return ((await answer.json()) as { startsAt: string }).startsAt;
    };
    const hours = [await book(), await book(), await book()];
    assert.equal(new Set(hours).size, 3);
    for (const hour of hours) assert.ok(![0, 6].includes(new Date(hour).getUTCDay()), hour);
  });

  it("provisioning returns 503 for one deal, the given number of times, with the given Retry-After", async () => {
    const only = randomUUID();
    await control({ mode: "503", only, count: 2, retryAfterSeconds: 1 });
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) {
      const answer = await post("provisioning", "/accounts", { dealId: only, projectId: "PRJ-1" }, only);
      if (n === 0) assert.equal(answer.headers.get("retry-after"), "1");
      statuses.push(answer.status);
    }
    const other = await post("provisioning", "/accounts", { dealId: randomUUID(), projectId: "PRJ-1" }, randomUUID());
    assert.deepEqual([...statuses, other.status], [503, 503, 201, 201]);
    assert.deepEqual(log("provisioning", only), { operations: 1, repeats: 0 });
  });

  it("provisioning is repaired by mode ok", async () => {
    const only = randomUUID();
    const provision = (): Promise<Response> =>
      post("provisioning", "/accounts", { dealId: only, projectId: "P" }, only);
    await control({ mode: "503", only });
    assert.equal((await provision()).status, 503);
    await control({ mode: "ok", only });
    assert.equal((await provision()).status, 201);
  });

  it("provisioning hangs until the client disconnects, and does nothing", async () => {
    const only = randomUUID();
    await control({ mode: "hang", only, count: 1 });
    const request = { dealId: only, projectId: "PRJ-1" };
    await assert.rejects(post("provisioning", "/accounts", request, only, AbortSignal.timeout(100)), {
      name: "TimeoutError",
    });
    assert.deepEqual(log("provisioning", only), { operations: 0, repeats: 0 });
    assert.equal((await post("provisioning", "/accounts", request, only)).status, 201);
  });

  it("provisioning crashes without an answer and restarts on the same port", async () => {
    const only = randomUUID();
    await control({ mode: "crash", only });
    const pid = systems.get("provisioning").pid();
    const back = systems.get("provisioning").nextRestart();
    const request = { dealId: only, projectId: "PRJ-1" };
    await assert.rejects(post("provisioning", "/accounts", request, only), { name: "TypeError" });
    await back;
    assert.notEqual(systems.get("provisioning").pid(), pid);
    assert.equal((await post("provisioning", "/accounts", request, only)).status, 201);
    assert.deepEqual(log("provisioning", only), { operations: 1, repeats: 0 });
  });

  it("provisioning that crashes after the operation returns the first answer to the repeat", async () => {
    const only = randomUUID();
    await control({ mode: "crash", only, when: "after" });
    const back = systems.get("provisioning").nextRestart();
    const request = { dealId: only, projectId: "PRJ-1" };
    await assert.rejects(post("provisioning", "/accounts", request, only), { name: "TypeError" });
    await back;
    const account = (await (await post("provisioning", "/accounts", request, only)).json()) as { password: string };
    assert.match(account.password, /^[0-9a-f]{24}$/);
    assert.deepEqual(log("provisioning", only), { operations: 1, repeats: 1 });
  });

  it("a sticky fault survives a restart until it is repaired", async () => {
    const only = randomUUID();
    const provision = (): Promise<Response> =>
      post("provisioning", "/accounts", { dealId: only, projectId: "P" }, only);
    await control({ mode: "503", only, sticky: true });
    const back = systems.get("provisioning").nextRestart();
    systems.get("provisioning").kill();
    await back;
    assert.equal((await provision()).status, 503);
    await control({ mode: "ok", only });
    assert.equal((await provision()).status, 201);
  });

  it("mail over SMTP is stored in a file, and a second mail with the same Message-ID is not delivered", async () => {
    const key = randomUUID();
    const to = `${key}@customer.example`;
    const messageId = await sendMail(to, key);
    await sendMail(to, key);
    const mails = (await get("mail", `/mails?to=${to}`)) as { messageId: string; subject: string; file: string }[];
    assert.deepEqual(
      mails.map((mail) => [mail.messageId, mail.subject]),
      [[messageId, "Hello"]],
    );
    assert.match(readFileSync(mails[0]?.file ?? "", "utf8"), /login: ada/);
    assert.deepEqual(log("mail", messageId), { operations: 1, repeats: 1 });
  });

  it("mail recognises a Message-ID after it was killed", async () => {
    const key = randomUUID();
    const to = `${key}@customer.example`;
    const messageId = await sendMail(to, key);
    const back = systems.get("mail").nextRestart();
    systems.get("mail").kill();
    await back;
    await sendMail(to, key);
    assert.deepEqual(log("mail", messageId), { operations: 1, repeats: 1 });
  });

  it("systems.json has the pid of the current process", async () => {
    const pids = (): Record<string, number> =>
      (JSON.parse(readFileSync(systems.directoryFile, "utf8")) as { pids: Record<string, number> }).pids;
    const back = systems.get("projects").nextRestart();
    systems.get("projects").kill();
    await back;
    assert.equal(pids()["projects"], systems.get("projects").pid());
  });

  it("the systems exit when the program that started them is gone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "onboarding-orphans-"));
    const script = `const { startSystems } = await import(${JSON.stringify(join(import.meta.dirname, "systems/start.ts"))});
      await startSystems({ dataDir: ${JSON.stringify(folder)} }); process.kill(process.pid, "SIGKILL");`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "ignore" });
    await new Promise((resolve) => parent.once("exit", resolve));
    const { urls } = JSON.parse(readFileSync(join(folder, "systems.json"), "utf8")) as { urls: SystemUrls };
    for (const name of SYSTEM_NAMES)
      await until(() => isRefused(urls[name]), { what: `the orphaned ${name} has exited` });
    rmSync(folder, { recursive: true, force: true });
  });
});

const isRefused = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => false,
    () => true,
  );
