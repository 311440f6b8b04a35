import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const index = join(import.meta.dirname, "../../src/index.ts");

test("an app with its own code never loads the bundler and stores no code", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "baton-library-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "main.ts");
  writeFileSync(
    program,
    `import { registerHooks } from "node:module";
const seen = [];
registerHooks({ resolve: (specifier, context, next) => { seen.push(specifier); return next(specifier, context); } });
const { openBaton, workflow } = await import(${JSON.stringify(index)});
const w = workflow({ name: "w", version: 7 }, (ctx) => ctx.step("a", () => 1));
const baton = await openBaton({ store: "sqlite:${join(folder, "app.db")}", definitions: [w] });
const handle = await baton.start(w);
const output = await handle.result();
const [row] = await baton.engine.store.query("versions", { name: "w" });
await baton.close();
console.log(JSON.stringify({ output, version: row.definition.version, fingerprint: row.fingerprint, bundler: seen.filter((each) => each.includes("rolldown")) }));
`,
  );
  const env = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: "" };
  const output = execFileSync(process.execPath, ["--conditions=source", program], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  assert.deepEqual(JSON.parse(output), { output: 1, version: 7, fingerprint: null, bundler: [] });
  assert.ok(!existsSync(join(folder, "app.db.versions")));
});
