import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Baton, NonRetryableError, openBaton, workflow } from "baton";
import { openTestBaton } from "baton/testing";

const secret = "correct-horse/battery+staple=9";
const sensitiveKey = "0123456789abcdef0123456789abcdef";

/** The value as itself, in JSON, in a URL, in base64 at any offset, and in hexadecimal. */
function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString("hex");
  const aligned = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .slice(shift === 0 ? 0 : 4, -4),
  );
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), hex, hex.toUpperCase(), ...aligned];
}

function assertNowhere(texts: readonly string[], where: string): void {
  for (const text of texts)
    for (const form of formsOf(secret)) assert.ok(!text.includes(form), `${form} is in ${where}`);
}

const child = workflow<{ token: string }>({ name: "child" }, async (ctx, { token }) => {
  await ctx.step("use", () => token.length);
  return { length: token.length, token };
});

const sign = workflow<{ user: string; card: { number: string; name: string } }>(
  { name: "sign", sensitive: ["card.number"] },
  async (ctx, { card }) => {
    const credentials = await ctx.step(
      "credentials",
      (attempt) => {
        attempt.log.info(`made ${secret}`, { secret });
        return { login: "ada", password: secret };
      },
      { sensitive: ["password"] },
    );
    ctx.log.info(`the password is ${credentials.password}`, credentials);
    const copied = await ctx.step("copied", () => ({ mail: `your password: ${credentials.password}` }));
    const event = await ctx.waitForEvent<{ code: string }>("code", { sensitive: true });
    const told = (await ctx.call(child, { token: credentials.password })) as { token: string };
    await ctx.step(
      "refused",
      () => {
        throw new NonRetryableError(`the bank refused ${credentials.password} and ${encodeURIComponent(card.number)}`);
      },
      { whenExhausted: "continue" },
    );
    await ctx.step(
      "refused in secret",
      () => {
        throw new NonRetryableError(`nobody may read ${secret.split("").reverse().join("")}`);
      },
      { sensitive: true, whenExhausted: "continue" },
    );
    return { mail: copied.mail, code: event?.data.code, child: told.token, number: card.number };
  },
);

async function within(work: (baton: Baton, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "baton-sensitive-"));
  try {
    const baton = await openBaton({
      store: `sqlite:${join(folder, "s.db")}`,
      definitions: [sign, child],
      sensitiveKey,
    });
    try {
      await work(baton, folder);
    } finally {
      await baton.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
}

describe("sensitive values", () => {
  it("are nowhere in the store's files, in any usual encoding, and the code gets them all the same", async () => {
    await within(async (baton, folder) => {
      const handle = await baton.start(sign, { user: "ada", card: { number: secret, name: "Ada" } });
      while ((await handle.status()) !== "waiting") await new Promise((resolve) => setTimeout(resolve, 5));
      await baton.emit({ name: "code", data: { code: secret }, sensitive: true });
      assert.deepEqual(await handle.result(), {
        mail: `your password: ${secret}`,
        code: secret,
        child: secret,
        number: secret,
      });
      const rows = await baton.engine.store.query("run", { id: handle.id });
      assertNowhere([JSON.stringify(rows)], "the run's rows");
      assertNowhere(
        [JSON.stringify(await baton.engine.store.query("logs", { run: rows?.row.no ?? 0, after: 0, limit: 50 }))],
        "the logs",
      );
      assertNowhere(filesOf(folder), "the store's files while it is open");
      const exported = JSON.stringify(await baton.export(handle.id));
      assertNowhere([exported], "its export");
      assert.ok(!exported.includes("$sealed"), "what is sealed stays behind");
      assert.match(
        rows?.input ?? "",
        /"user":"ada","card":\{"number":\{"\$sealed"/,
        "what is not sensitive is in clear",
      );
      await baton.close();
      assertNowhere(filesOf(folder), "the store's files");
    });
  });

  it("are shown by an act that is in the audit", async () => {
    await within(async (baton) => {
      const handle = await baton.start(sign, { user: "ada", card: { number: secret, name: "Ada" } });
      while ((await handle.status()) !== "waiting") await new Promise((resolve) => setTimeout(resolve, 5));
      assert.deepEqual(await handle.reveal({ step: "credentials" }, { why: "ticket 7" }), {
        login: "ada",
        password: secret,
      });
      assert.equal(((await handle.reveal("input")) as { card: { number: string } }).card.number, secret);
      const audit = await baton.engine.store.query("audit", { run: null, before: null, limit: 10 });
      assert.deepEqual(
        audit.map((row) => [row.verb, row.why]),
        [
          ["reveal", "input"],
          ["reveal", "step credentials: ticket 7"],
        ],
      );
    });
  });

  it("halt a run whose key is lost, which goes on when the key is back; an older key still opens", async () => {
    const folder = mkdtempSync(join(tmpdir(), "baton-sensitive-"));
    const open = (key: string | readonly string[]): Promise<Baton> =>
      openBaton({ store: `sqlite:${join(folder, "s.db")}`, definitions: [sign, child], sensitiveKey: key });
    const settle = async (baton: Baton, id: string, status: string): Promise<void> => {
      const handle = await baton.get(id);
      while ((await handle.status()) !== status) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const other = "another-key-of-more-than-32-characters";
    try {
      let baton = await open(sensitiveKey);
      const { id } = await baton.start(sign, { user: "ada", card: { number: secret, name: "Ada" } });
      await settle(baton, id, "waiting");
      await baton.close();
      baton = await open(other);
      await baton.emit({ name: "code", data: { code: "4711" } });
      await settle(baton, id, "suspended");
      const reason = (await baton.engine.store.query("run", { id }))?.row.reason;
      assert.equal(reason?.code, "sealed");
      await baton.close();
      baton = await open([other, sensitiveKey]);
      const handle = await baton.get<{ number: string }>(id);
      await handle.resume();
      assert.equal((await handle.result()).number, secret);
      await baton.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("need a key: without one the step does not run, and an input is refused", async () => {
    let ran = 0;
    const stepper = workflow({ name: "stepper" }, (ctx) => ctx.step("secret", () => ++ran, { sensitive: true }));
    const test = await openTestBaton({ definitions: [stepper, sign, child] });
    try {
      const handle = await test.start(stepper, null);
      await test.settle();
      assert.deepEqual([(await handle.detail()).row.reason?.code, ran], ["sealed", 0]);
      await assert.rejects(test.start(sign, { user: "x", card: { number: "1", name: "y" } }), { code: "no-key" });
    } finally {
      await test.close();
    }
  });

  it("are refused in attributes, events, matches and keys", async () => {
    const leaks = workflow<string>({ name: "leaks" }, async (ctx, how) => {
      const { token } = await ctx.step("token", () => ({ token: secret }), { sensitive: true });
      if (how === "attribute") await ctx.setAttributes({ token });
      if (how === "event") await ctx.emit({ name: "told", data: { token } });
      if (how === "match") await ctx.waitForEvent("told", { match: { token } });
      if (how === "key") await ctx.call(child, { token: "x" }, { businessKey: token });
    });
    const test = await openTestBaton({ definitions: [leaks, child], sensitiveKey });
    try {
      for (const how of ["attribute", "event", "match", "key"]) {
        await assert.rejects((await test.start(leaks, how)).result(), /holds a sensitive value|sensitive/, how);
      }
    } finally {
      await test.close();
    }
  });

  it("do not open when they are moved to another place", async () => {
    const two = workflow({ name: "two" }, async (ctx) => {
      const a = await ctx.step("a", () => "first-secret-value", { sensitive: true });
      const b = await ctx.step("b", () => "second-secret-value", { sensitive: true });
      await ctx.waitForEvent("go");
      return a + b;
    });
    const folder = mkdtempSync(join(tmpdir(), "baton-sensitive-"));
    const open = (): Promise<Baton> =>
      openBaton({ store: `sqlite:${join(folder, "s.db")}`, definitions: [two], sensitiveKey });
    try {
      let baton = await open();
      const handle = await baton.start(two, null);
      while ((await handle.status()) !== "waiting") await new Promise((resolve) => setTimeout(resolve, 5));
      await baton.close();
      const { DatabaseSync } = await import("node:sqlite");
      const db = new DatabaseSync(join(folder, "s.db"));
      db.exec("update steps set value = (select s.value from steps s where s.key = 'b') where key = 'a'");
      db.close();
      baton = await open();
      await baton.emit({ name: "go" });
      const again = await baton.get(handle.id);
      while ((await again.status()) !== "suspended") await new Promise((resolve) => setTimeout(resolve, 5));
      assert.match(
        JSON.stringify((await baton.engine.store.query("run", { id: handle.id }))?.row.reason),
        /changed or moved/,
      );
      await baton.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
