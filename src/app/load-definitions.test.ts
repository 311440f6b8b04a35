import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadConfig } from "./load-config.ts";
import { DefinitionSet } from "./load-definitions.ts";

interface Setup {
  readonly folder: string;
  write(file: string, text: string): void;
  load(): Promise<DefinitionSet>;
}

function setup(t: TestContext): Setup {
  const folder = mkdtempSync(join(tmpdir(), "baton-set-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const write: Setup["write"] = (file, text) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  write("baton.config.ts", 'export default { folder: "./workflows" };\n');
  return {
    folder,
    write,
    load: async () =>
      DefinitionSet.load(await loadConfig({ config: join(folder, "baton.config.ts") }, {}), join(folder, "versions")),
  };
}

function definition(name: string, value: string | number = 1): string {
  return `import { workflow } from "baton";\nexport const w = workflow({ name: "${name}" }, () => ${JSON.stringify(value)});\n`;
}

function textsOf(set: DefinitionSet): { from: string[]; problems: string[] } {
  return {
    from: set.loaded.versions.map(({ definition: { name }, file }) => `${name} ${file}`).sort(),
    problems: set.loaded.problems.map(({ file, line, message }) => `${file.split("/").at(-1)}:${line} ${message}`),
  };
}

test("a definition belongs to the file that defines it, even if other files export it", async (t) => {
  const { write, load } = setup(t);
  write("workflows/a-index.ts", 'export { w as pay } from "./pay.ts";\nexport { w as refund } from "./refund.ts";\n');
  write("workflows/pay.ts", definition("pay"));
  write("workflows/refund.ts", definition("refund"));
  write(
    "baton.config.ts",
    'import { w } from "./workflows/pay.ts";\nexport default { folder: "./workflows", definitions: [w] };\n',
  );
  assert.deepEqual(textsOf(await load()), {
    from: ["pay workflows/pay.ts", "refund workflows/refund.ts"],
    problems: [],
  });
});

test("a name that two files define is ignored in the second file and reported with its line", async (t) => {
  const { write, load } = setup(t);
  write("workflows/one.ts", definition("pay"));
  write("workflows/two.ts", definition("pay", 2));
  const { from, problems } = textsOf(await load());
  assert.deepEqual(from, ["pay workflows/one.ts"]);
  assert.match(
    problems[0] ?? "",
    /^two\.ts:2 the workflow "pay" version 1 is already defined in .*one\.ts; this one is ignored$/,
  );
});

test("a change reloads only the files that depend on it, and a broken file keeps its last good version", async (t) => {
  const { folder, write, load } = setup(t);
  write("lib/value.ts", "export const value = 1;\n");
  write(
    "workflows/pay.ts",
    'import { workflow } from "baton";\nimport { value } from "../lib/value.ts";\nexport const w = workflow({ name: "pay" }, () => value);\n',
  );
  write("workflows/other.ts", definition("other"));
  const set = await load();
  const hashes = (): Record<string, string> =>
    Object.fromEntries(set.loaded.versions.map((each) => [each.definition.name, each.artifact.hash]));
  const before = hashes();
  assert.ok(set.concerns(join(folder, "lib/value.ts")));
  assert.ok(!set.concerns(join(folder, "lib/other.ts")));
  write("lib/value.ts", "export const value = 2;\n");
  await set.reload([join(folder, "lib/value.ts")]);
  const after = hashes();
  assert.notEqual(after["pay"], before["pay"]);
  assert.equal(after["other"], before["other"]);
  write("lib/value.ts", "export const = 3;\n");
  await set.reload([join(folder, "lib/value.ts")]);
  assert.deepEqual(hashes(), after);
  assert.match(textsOf(set).problems[0] ?? "", /^value\.ts:1 SyntaxError/);
  write("lib/value.ts", "export const value = 1;\n");
  await set.reload([join(folder, "lib/value.ts")]);
  assert.deepEqual([hashes(), textsOf(set).problems], [before, []]);
  rmSync(join(folder, "workflows/other.ts"));
  await set.reload([join(folder, "workflows/other.ts")]);
  assert.deepEqual(textsOf(set).from, ["pay workflows/pay.ts"]);
});
