import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Baton, type Context, NonRetryableError, openBaton, workflow } from "baton";
import { openTestBaton, type TestOptions } from "baton/testing";

const secret = "correct-horse/battery+staple=9";
const sensitiveKey = "0123456789abcdef0123456789abcdef";

/** The value in clear, in JSON, in a URL, in base64 at any offset, and in hexadecimal. */
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
  it("are not in the store's files in any usual encoding, and the code still gets them", async () => {
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
      assert.ok(!exported.includes("$sealed"), "sealed values are not exported");
      assert.match(
        rows?.input ?? "",
        /"user":"ada","card":\{"number":\{"\$sealed"/,
        "values that are not sensitive are in clear",
      );
      await baton.close();
      assertNowhere(filesOf(folder), "the store's files");
    });
  });

  it("are shown by reveal, which the audit records", async () => {
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

  it("suspend a run whose key is lost; it continues when the key is back, also as an older key", async () => {
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

  it("with hideErrors: false a step's errors are readable except for known sensitive values", async () => {
    const failing = workflow({ name: "failing" }, async (ctx) => {
      const { token } = await ctx.step("token", () => ({ token: secret }), { sensitive: ["token"] });
      const fail = (text: string) => () => Promise.reject(new NonRetryableError(text));
      await ctx.step("shown", fail(`503 for ${token}`), { sensitive: ["x"], hideErrors: false }).catch(() => null);
      await ctx.step("hidden", fail("503"), { sensitive: ["x"] });
    });
    const test = await openTestBaton({ definitions: [failing], sensitiveKey });
    try {
      const handle = await test.start(failing, null);
      await test.settle();
      const { attempts } = await handle.detail();
      const messageOf = (key: string): string => attempts.find((each) => each.key === key)?.error?.message ?? "";
      assert.match(messageOf("shown"), /^503 for /);
      assert.match(messageOf("hidden"), /^hidden/);
      assertNowhere([messageOf("shown"), messageOf("hidden")], "an error");
    } finally {
      await test.close();
    }
  });

  it("need a key; without one the step does not run, and an input is refused", async () => {
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
        await assert.rejects((await test.start(leaks, how)).result(), /contains a sensitive value|sensitive/, how);
      }
    } finally {
      await test.close();
    }
  });

  it("cannot be read when moved to another place", async () => {
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

  it("are refused in names and keys of a run, and stay sealed when it continues as a new run", async () => {
    const test = await openTestBaton({ sensitiveKey });
    const sealed = { sensitive: ["s"] } as const;
    const never = (): number => 1;
    try {
      for (const options of [
        { concurrency: { limit: 1, key: (input: { s: string }) => input.s } },
        { rateLimit: { limit: 1, per: "1h" as const, key: (input: { s: string }) => input.s } },
        { key: (input: { s: string }) => input.s },
      ]) {
        const definition = workflow<{ s: string }>({ name: "clear", ...sealed, ...options }, never);
        test.register(definition);
        await assert.rejects(test.start(definition, { s: secret }), /contains a sensitive value/);
      }
      const other = workflow({ name: "other" }, never);
      const leaks: Readonly<Record<string, (ctx: Context, s: string) => Promise<unknown>>> = {
        step: (ctx, s) => ctx.step(`send ${s}`, never),
        sleep: (ctx, s) => ctx.sleep(s, "1s"),
        race: (ctx, s) => ctx.race({ [s]: never }),
        event: (ctx, s) => ctx.waitForEvent(s, { key: "e" }),
        emit: (ctx, s) => ctx.emit({ name: "e", id: s }),
        "idempotency key": (ctx, s) => ctx.start(other, null, { idempotencyKey: s }),
        attribute: (ctx, s) => ctx.start(other, null, { attributes: { s } }),
      };
      test.register(other);
      for (const [name, leak] of Object.entries(leaks)) {
        const definition = workflow<{ s: string }>({ name, ...sealed }, (ctx, { s }) => leak(ctx, s));
        test.register(definition);
        const handle = await test.start(definition, { s: secret });
        await assert.rejects(handle.result(), /contains a sensitive value/, name);
        assertNowhere([JSON.stringify(await handle.detail())], name);
      }
      const again = workflow<{ t?: string }>({ name: "again" }, async (ctx, { t }) => {
        if (t !== undefined) return ctx.sleep("nap", "1h").then(() => t);
        return ctx.continueAsNew({ t: await ctx.step("make", () => secret, { sensitive: true }) });
      });
      test.register(again);
      const handle = await test.start(again, {});
      await test.settle();
      assert.equal(await handle.result(), secret);
      const runs = await test.baton.engine.store.query("runs", { before: null, limit: 100 });
      for (const { id } of runs)
        assertNowhere([JSON.stringify(await test.baton.engine.store.query("run", { id }))], id);
    } finally {
      await test.close();
    }
  });

  it("are redacted in each value of errors, log data and progress: numbers, text like JSON, and cut text", async () => {
    const odd = '","code":"';
    const number = 4_111_111_111_111_111;
    const definition = workflow<{ n: number; odd: string; s: string }>(
      { name: "odd", sensitive: true },
      async (ctx, input) => {
        ctx.log.info("x".repeat(4_096 - 10) + input.s, input);
        await ctx.step("show", (attempt) => attempt.progress(0.5, `half of ${input.s}`));
        await ctx.step("fail", () => {
          throw Object.assign(new NonRetryableError(`no ${input.n}`), { details: input });
        });
      },
    );
    const test = await openTestBaton({ definitions: [definition], sensitiveKey });
    try {
      const handle = await test.start(definition, { n: number, odd, s: secret });
      await assert.rejects(handle.result(), /no \[redacted\]/);
      const { row, ...rest } = await handle.detail();
      assert.deepEqual(row.error?.cause?.details, { n: "[redacted]", odd: "[redacted]", s: "[redacted]" });
      const shown = JSON.stringify([
        row,
        rest,
        await test.baton.engine.store.query("logs", { run: row.no, after: 0, limit: 100 }),
      ]);
      assert.ok(!shown.includes(String(number)) && !shown.includes(secret.slice(0, 10)));
    } finally {
      await test.close();
    }
  });

  it("cannot be forged: a value that looks sealed is refused", async () => {
    const forged = { $sealed: { key: "x", iv: "", data: "" } };
    const taker = workflow<unknown>({ name: "taker" }, async (ctx, input) =>
      input === null ? ctx.step("forge", () => forged) : ctx.waitForEvent("e"),
    );
    const test = await openTestBaton({ definitions: [taker], sensitiveKey });
    try {
      await assert.rejects(test.start(taker, { deep: [forged] }), /\$sealed/);
      const handle = await test.start(taker, 1);
      await test.settle();
      await assert.rejects(test.emit({ name: "e", data: forged }), /\$sealed/);
      await assert.rejects(handle.completeStep({ output: forged }), /\$sealed/);
      await assert.rejects((await test.start(taker, null)).result(), /\$sealed/);
      await test.emit({ name: "e", data: { text: '{"$sealed":1}' } });
      await test.settle();
      assert.equal(await handle.status(), "completed");
    } finally {
      await test.close();
    }
  });

  it("of an event or a child's result suspend the waiting run when their key is lost", async () => {
    const options: TestOptions = { sensitiveKey };
    const keeper = workflow<{ s: string }>({ name: "keeper", sensitive: true }, async (ctx, { s }) => {
      await ctx.sleep("nap", "1m");
      return s;
    });
    const parent = workflow({ name: "parent" }, (ctx) => ctx.call(keeper, { s: secret }).then((s) => String(s).length));
    const waiter = workflow({ name: "waiter" }, (ctx) => ctx.waitForEvent("e").then(() => 1));
    options.definitions = [keeper, parent, waiter];
    const test = await openTestBaton(options);
    try {
      const handles = [await test.start(parent, null), await test.start(waiter, null)];
      await test.settle();
      for (const handle of handles) await handle.suspend();
      await test.emit({ name: "e", data: { s: secret }, sensitive: true });
      await test.advance("5m");
      options.sensitiveKey = "another-key-of-thirty-two-letters";
      await test.crash();
      for (const handle of handles) {
        await handle.resume();
        assert.equal((await handle.detail()).row.reason?.code, "sealed");
      }
      options.sensitiveKey = [sensitiveKey];
      await test.crash();
      for (const handle of handles) await handle.resume();
      assert.deepEqual([await handles[0]?.result(), await handles[1]?.result()], [secret.length, 1]);
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    } finally {
      await test.close();
    }
  });

  it("in a refused start use no capacity of later starts", { timeout: 20_000 }, async () => {
    const leaky = workflow<{ s: string }>({ name: "leaky", sensitive: ["s"], key: ({ s }) => s }, () => 1);
    const plain = workflow({ name: "plain" }, () => 1);
    const folder = mkdtempSync(join(tmpdir(), "baton-sensitive-"));
    const store = `sqlite:${join(folder, "s.db")}`;
    const baton = await openBaton({ store, definitions: [leaky, plain], sensitiveKey, slots: 2 });
    try {
      for (let n = 0; n < 4; n++) await assert.rejects(baton.start(leaky, { s: secret }), { code: "sensitive-leak" });
      assert.equal(await (await baton.start(plain, null)).result(), 1);
    } finally {
      await baton.close();
      rmSync(folder, { recursive: true });
    }
  });
});
