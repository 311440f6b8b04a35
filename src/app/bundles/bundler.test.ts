import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { hashOf } from "./artifact.ts";
import { type Bundle, bundleFile } from "./bundler.ts";

interface Setup {
  readonly base: string;
  write(file: string, text: string): void;
  bundle(file?: string, external?: readonly string[], base?: string): Promise<Bundle>;
}

function setup(t: TestContext): Setup {
  const base = mkdtempSync(join(tmpdir(), "baton-bundle-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  return {
    base,
    write: (file, text) => {
      mkdirSync(dirname(join(base, file)), { recursive: true });
      writeFileSync(join(base, file), text);
    },
    bundle: (file = "workflows/a.ts", external = [], at = base) => bundleFile(join(at, file), { base: at, external }),
  };
}

/** Places and messages of the problems, without the temporary folder of the test. */
function textsOf({ problems }: Bundle): string[] {
  return problems.map(({ file, line, message }) => `${file.split("/").slice(-2).join("/")}:${line} ${message}`);
}

const source = `import { workflow } from "baton";
import { word } from "../lib/word.ts";
import data from "../lib/data.json" with { type: "json" };
export const a = workflow({ name: "a" }, async (): Promise<string> => word + data.more);
`;

test("equal content has the same hash in any folder, and every change has another hash", async (t) => {
  const { base, write, bundle } = setup(t);
  write("workflows/a.ts", source);
  write("lib/word.ts", 'export const word = "one";\n');
  write("lib/data.json", '{ "more": 1 }');
  const first = await bundle();
  assert.equal((await bundle()).artifact?.hash, first.artifact?.hash);
  const elsewhere = mkdtempSync(join(tmpdir(), "baton-other-"));
  t.after(() => rmSync(elsewhere, { recursive: true, force: true }));
  cpSync(base, join(elsewhere, "deep"), { recursive: true });
  assert.equal((await bundle("workflows/a.ts", [], join(elsewhere, "deep"))).artifact?.hash, first.artifact?.hash);
  assert.deepEqual(
    first.modules.map((file) => file.slice(base.length)),
    ["/lib/data.json", "/lib/word.ts", "/workflows/a.ts"],
  );
  const hashes = new Set([first.artifact?.hash]);
  for (const [file, text] of [
    ["lib/word.ts", 'export const word = "two";\n'],
    ["lib/data.json", '{ "more": 2 }'],
    ["workflows/a.ts", `// a comment moves every line\n${source}`],
  ] as const) {
    write(file, text);
    hashes.add((await bundle()).artifact?.hash);
  }
  assert.equal(hashes.size, 4);
});

test("Baton, listed packages and native packages stay outside the bundle, with their versions in the hash", async (t) => {
  const { write, bundle } = setup(t);
  const install = (name: string, version: string, more: object = {}): void => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version, main: "index.js", ...more }));
    write(`node_modules/${name}/index.js`, `exports.value = "${name} ${version}";\n`);
  };
  install("listed", "1.2.3");
  install("compiled", "4.5.6", { gypfile: true });
  install("inside", "7.8.9");
  write(
    "workflows/a.ts",
    'import { workflow } from "baton";\nimport { readFileSync } from "node:fs";\nimport { value as a } from "listed";\nimport { value as b } from "compiled";\nimport { value as c } from "inside";\nexport const w = workflow({ name: "w" }, () => [a, b, c, typeof readFileSync]);\n',
  );
  const { artifact } = await bundle("workflows/a.ts", ["listed"]);
  assert.deepEqual(
    artifact?.externals.map(({ name, version }) => (name === "baton" ? name : `${name} ${version}`)),
    ["baton", "compiled 4.5.6", "listed 1.2.3"],
  );
  assert.match(artifact?.body ?? "", /inside 7\.8\.9/);
  assert.doesNotMatch(artifact?.body ?? "", /listed 1\.2\.3/);
  assert.equal(artifact?.hash, hashOf(artifact?.body ?? "", artifact?.externals ?? []));
  install("listed", "1.2.4");
  const next = await bundle("workflows/a.ts", ["listed"]);
  assert.equal(next.artifact?.body, artifact?.body);
  assert.notEqual(next.artifact?.hash, artifact?.hash);
});

test("refuses paths computed at run time and files next to the module, with file and line", async (t) => {
  const { write, bundle } = setup(t);
  const lines = [
    'import { readFileSync } from "node:fs";',
    'import { createRequire } from "node:module";',
    'import { dirname, join } from "node:path";',
    'import { fileURLToPath } from "node:url";',
    "export const a = (name: string) => import(name);",
    "export const b = (name: string) => require(name);",
    'export const c = new URL("./page.html", import.meta.url);',
    'export const d = readFileSync(join(import.meta.dirname, "page.html"));',
    'export const e = join(dirname(fileURLToPath(import.meta.url)), "page.html");',
    'export const f = createRequire(import.meta.url)("left");',
    'export const g = join(__dirname, "page.html");',
    'export const h = import.meta.resolve("left");',
  ];
  write("workflows/a.ts", lines.join("\n"));
  const refused = textsOf(await bundle());
  assert.deepEqual(
    refused.map((each) => each.split(" ")[0]),
    [5, 6, 7, 8, 9, 10, 11, 12].map((line) => `workflows/a.ts:${line}`),
  );
});

test("code that only resembles refused code is bundled", async (t) => {
  const { write, bundle } = setup(t);
  write("lib/late.ts", "export const late = 1;\n");
  write(
    "workflows/a.ts",
    `import { fileURLToPath } from "node:url";
export const late = () => import("../lib/late.ts");
export const isMain = process.argv[1] === fileURLToPath(import.meta.url);
export const page = new URL("/page", "https://example.com");
export const own = { __dirname: 1, require: (name: string) => name };
export const called = own.require("x" + 1);
// import(anything) in a comment
export const text = "require(anything)";
`,
  );
  assert.deepEqual(textsOf(await bundle()), []);
});

test("the problem for a package that cannot be bundled names the package to list", async (t) => {
  const { write, bundle } = setup(t);
  write("node_modules/loader/package.json", '{ "name": "loader", "version": "1.0.0", "main": "index.js" }');
  write("node_modules/loader/index.js", "module.exports = (name) => require(name);\n");
  write("workflows/a.ts", 'import load from "loader";\nexport const loaded = load;\n');
  assert.match(
    textsOf(await bundle()).join("\n"),
    /loader\/index\.js:1 require\(\) with a path .* list the package loader under external in baton\.config\.ts \(imported by /,
  );
  assert.deepEqual(textsOf(await bundle("workflows/a.ts", ["loader"])), []);
});

test("syntax errors, missing modules, missing exports and syntax that Node does not support are problems with their line", async (t) => {
  const { write, bundle } = setup(t);
  const problemOf = async (text: string): Promise<string> => {
    write("workflows/a.ts", text);
    return textsOf(await bundle()).join("\n");
  };
  write("lib/word.ts", 'export const word = "one";\n');
  assert.match(await problemOf("\nexport const = 1;\n"), /^workflows\/a\.ts:2 SyntaxError: /);
  assert.match(
    await problemOf('import "../lib/nowhere.ts";\n'),
    /^workflows\/a\.ts:1 Cannot find module '\.\.\/lib\/nowhere\.ts'$/,
  );
  assert.match(
    await problemOf('\n\nimport x from "not-installed";\nexport { x };\n'),
    /^workflows\/a\.ts:3 Cannot find package 'not-installed'$/,
  );
  assert.match(
    await problemOf('import { gone } from "../lib/word.ts";\nexport { gone };\n'),
    /^workflows\/a\.ts:1 SyntaxError: "gone" is not exported/,
  );
  assert.match(
    await problemOf("export enum Colour { Red }\n"),
    /^workflows\/a\.ts:1 SyntaxError: TypeScript's enum is not supported/,
  );
  assert.match(
    await problemOf("export class A { constructor(private a: number) {} }\n"),
    /parameter property is not supported/,
  );
  assert.equal(await problemOf("declare enum Colour { Red }\nexport const x = 1;\n"), "");
  write("lib/word.ts", "export const word = ;\n");
  assert.match(
    await problemOf('import { word } from "../lib/word.ts";\nexport { word };\n'),
    /^lib\/word\.ts:1 SyntaxError: .*\(imported by .*workflows\/a\.ts\)$/,
  );
});
