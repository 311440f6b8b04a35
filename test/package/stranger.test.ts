import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

/** A separate project: the packed package, installed into an empty folder, used from TypeScript. */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = mkdtempSync(join(tmpdir(), "baton-stranger-"));
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
  NODE_OPTIONS: "",
  NODE_TEST_CONTEXT: "",
  npm_config_loglevel: "error",
};

const program = `import { openBaton, workflow, NonRetryableError } from "baton";

type Order = { id: string; amount: number };

const pay = workflow({ name: "pay" }, async (ctx, order: Order) => {
  const receipt = await ctx.step("charge", (attempt) => {
    if (order.amount < 0) throw new NonRetryableError("a negative amount");
    return { key: attempt.idempotencyKey, amount: order.amount };
  }, { retry: { attempts: 2, first: "10ms" } });
  await ctx.sleep("settle", "20ms");
  return { id: order.id, paid: receipt.amount };
});

const baton = await openBaton({ store: "sqlite:./orders.db", definitions: [pay] });
const handle = await baton.start(pay, { id: "o-1", amount: 5 });
const result: { id: string; paid: number } = await handle.result();
console.log(JSON.stringify(result));
await baton.close();
`;

before(() => {
  const tarball =
    execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root, env, encoding: "utf8" })
      .trim()
      .split("\n")
      .at(-1) ?? "";
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", join(folder, tarball)], {
    cwd: folder,
    env,
    stdio: "pipe",
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the published package", () => {
  it("runs a workflow from twenty lines of TypeScript", () => {
    writeFileSync(join(folder, "main.ts"), program);
    const output = execFileSync(process.execPath, ["main.ts"], { cwd: folder, env, encoding: "utf8" });
    assert.deepEqual(JSON.parse(output), { id: "o-1", paid: 5 });
  });

  it("includes its types: correct code compiles and wrong code does not", () => {
    const config = {
      compilerOptions: {
        module: "nodenext",
        target: "es2024",
        lib: ["es2024"],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        types: ["node"],
        typeRoots: [join(root, "node_modules", "@types")],
        allowImportingTsExtensions: true,
      },
      files: ["main.ts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const check = (): string => {
      try {
        execFileSync(join(root, "node_modules", ".bin", "tsc"), ["-p", "."], {
          cwd: folder,
          env,
          encoding: "utf8",
          stdio: "pipe",
        });
        return "";
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    writeFileSync(join(folder, "main.ts"), program);
    assert.equal(check(), "");
    writeFileSync(join(folder, "main.ts"), program.replace("amount: 5", 'amount: "5"'));
    assert.match(check(), /Type 'string' is not assignable to type 'number'/);
  });

  it("`npx baton dev` serves a folder with one definition", async () => {
    const workflows = join(folder, "project", "workflows");
    mkdirSync(workflows, { recursive: true });
    writeFileSync(
      join(workflows, "hello.ts"),
      `import { workflow } from "baton";\nexport const hello = workflow({ name: "hello" }, async (ctx, name: string) => ctx.step("greet", () => \`hello \${name}\`));\n`,
    );
    const child = spawn("npx", ["baton", "dev"], {
      cwd: join(folder, "project"),
      env: { ...env, BATON_PORT: "0" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    try {
      let text = "";
      const collect = (chunk: Buffer): void => {
        text += chunk.toString();
      };
      child.stdout.on("data", collect);
      child.stderr.on("data", collect);
      const url = await until(
        () => /http:\/\/(?:127\.0\.0\.1|localhost):\d+/.exec(text)?.[0],
        () => text,
      );
      await until(
        async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok,
        () => text,
      );
      const started = await fetch(`${url}/api/runs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: "hello", input: "you" }),
      });
      assert.equal(started.status, 201);
      const { id } = (await started.json()) as { id: string };
      const run = await until(
        async () => {
          const detail = (await (await fetch(`${url}/api/runs/${id}`)).json()) as { status: string; output: unknown };
          return detail.status === "completed" ? detail : undefined;
        },
        () => text,
      );
      assert.equal(run.output, "hello you");
      const owner = JSON.parse(readFileSync(join(folder, "project", "baton.db.owner.json"), "utf8")) as { pid: number };
      process.kill(owner.pid, "SIGTERM");
    } finally {
      if (child.exitCode === null) {
        const gone = once(child, "exit");
        process.kill(-(child.pid as number), "SIGTERM");
        await gone;
      }
    }
  });
});

/** Polls until there is a value, for up to half a minute. */
async function until<T>(find: () => T | Promise<T>, context: () => string): Promise<NonNullable<T>> {
  const endsAt = performance.now() + 30_000;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (performance.now() > endsAt) throw new Error(`timed out; output of the process:\n${context()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
