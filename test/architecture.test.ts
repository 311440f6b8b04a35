import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * The imports that each folder may have. A folder may always import itself and `stdx`. A new import is added here, with its
 * reason, in the commit that needs it. `packages`: the packages that a folder may import; `node` is Node's own modules.
 */
const folders: readonly { name: string; may: readonly string[]; packages: readonly string[] }[] = [
  { name: "src/stdx", may: [], packages: [] },
  { name: "src/wire", may: [], packages: [] },
  { name: "src/kernel/model", may: [], packages: [] },
  // croner parses cron patterns and searches the calendar; it gets its time as an argument and reads no clock.
  { name: "src/kernel/decide", may: ["src/kernel/model"], packages: ["croner"] },
  { name: "src/kernel/ports", may: ["src/kernel/model"], packages: [] },
  { name: "src/kernel/engine", may: ["src/kernel/model", "src/kernel/decide", "src/kernel/ports"], packages: [] },
  { name: "src/stores/conformance", may: ["src/kernel/model", "src/kernel/ports"], packages: ["node"] },
  // The decisions of matching and crash counting are pure: a store applies them inside its transaction.
  { name: "src/stores", may: ["src/kernel/model", "src/kernel/decide", "src/kernel/ports"], packages: ["node"] },
  // Code for both databases, without knowledge of either.
  { name: "src/stores/sql", may: ["src/kernel/model", "src/kernel/decide", "src/kernel/ports"], packages: ["node"] },
  {
    name: "src/stores/sqlite",
    may: ["src/stores/sql", "src/kernel/model", "src/kernel/decide", "src/kernel/ports"],
    packages: ["node"],
  },
  {
    name: "src/stores/postgres",
    may: ["src/stores/sql", "src/kernel/model", "src/kernel/decide", "src/kernel/ports"],
    packages: ["node", "pg"],
  },
  { name: "src/workflows", may: ["src/kernel"], packages: ["@standard-schema/spec"] },
  {
    name: "src/server",
    may: ["src/kernel", "src/workflows", "src/wire"],
    packages: ["node", "hono", "@hono/node-server"],
  },
  { name: "src/cli", may: ["src/wire", "src/app"], packages: ["node", "commander"] },
  // rolldown bundles definitions, oxc-parser and dagre draw them; each is imported when it is first needed, so that an
  // app without bundles or graphs never loads it.
  {
    name: "src/app",
    may: ["src"],
    packages: ["rolldown", "oxc-parser", "@dagrejs/dagre", "node", "hono", "@hono/node-server", "uuid"],
  },
  { name: "src/testing", may: ["src/app", "src/stores", "src/kernel", "src/workflows"], packages: ["node"] },
  { name: "src/simulation", may: ["src/kernel", "src/stores", "src/workflows"], packages: ["node"] },
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^;"']*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s*["']([^"']+)["']/g;

function sourceFiles(): readonly string[] {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => join("src", file));
}

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** The longest folder of the table that contains the file. */
function folderOf(file: string): (typeof folders)[number] | undefined {
  return folders
    .filter((folder) => file.startsWith(`${folder.name}/`))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
}

function violation(file: string, target: string): string | null {
  const folder = folderOf(file);
  if (folder === undefined) return file === "src/index.ts" ? null : `${file} is in no folder of the table`;
  if (!target.startsWith(".")) {
    const name = target.startsWith("node:")
      ? "node"
      : target
          .split("/")
          .slice(0, target.startsWith("@") ? 2 : 1)
          .join("/");
    return folder.packages.includes(name) ? null : `${file} imports the package ${target}`;
  }
  const path = relative(root, normalize(join(root, dirname(file), target)));
  const isAllowed = [folder.name, "src/stdx", ...folder.may].some((allowed) => path.startsWith(`${allowed}/`));
  return isAllowed ? null : `${file} imports ${path}`;
}

test("imports follow the table of folders", () => {
  const violations = sourceFiles().flatMap((file) =>
    importsOf(file)
      .map((target) => violation(file, target))
      .filter((each) => each !== null),
  );
  assert.deepEqual(violations, []);
});

test("every folder of the table has files", () => {
  const files = sourceFiles();
  assert.deepEqual(
    folders.filter((folder) => !files.some((file) => file.startsWith(`${folder.name}/`))).map((folder) => folder.name),
    [],
  );
});

test("kernel, layers and stores get time and randomness only from ports", () => {
  const ambient =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(|\bperformance\.now\(/;
  // The store's thread is its own clock, and its client waits one turn of the event loop to collect a batch. A silent
  // connection is given up after real time.
  const exempt = new Set([
    "src/stores/sqlite/thread.ts",
    "src/stores/sqlite/store.ts",
    "src/stores/postgres/connections.ts",
    "src/stores/postgres/tx.ts",
  ]);
  const found = sourceFiles()
    .filter((file) => /^src\/(kernel|stores|workflows)\//.test(file) && !exempt.has(file))
    .filter((file) => ambient.test(readFileSync(join(root, file), "utf8")));
  assert.deepEqual(found, []);
});

test("only app and cli read process.env, and only cli uses console", () => {
  const found = sourceFiles().filter((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const mayEnv = /^src\/(app|cli|simulation)\//.test(file);
    const mayPrint = /^src\/(cli|simulation)\//.test(file);
    return (
      (!mayEnv && /\bprocess\.env\b/.test(text)) || (!mayPrint && /\bconsole\.(log|error|warn|info|debug)\(/.test(text))
    );
  });
  assert.deepEqual(found, []);
});

test("every relative import has a file extension", () => {
  const found = sourceFiles().flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith(".") && !/\.(ts|js|json)$/.test(target))
      .map((target) => `${file}: ${target}`),
  );
  assert.deepEqual(found, []);
});

/** What the console may import: it runs in a browser, and uses only the wire types of the rest. */
const consolePackages = [
  "react",
  "react-dom",
  "@tanstack/react-router",
  "@tanstack/react-query",
  "@tanstack/react-virtual",
  "@cfworker/json-schema",
  "microdiff",
];

test("the console imports only the wire types, its own files and its few packages", () => {
  const folder = join(root, "console", "src");
  const violations = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".test.ts"))
    .flatMap((file) =>
      importsOf(join("console", "src", file)).flatMap((target) => {
        if (target.startsWith("@wire/")) return [];
        if (target.startsWith("."))
          return normalize(join(folder, dirname(file), target)).startsWith(folder) ? [] : [`${file} imports ${target}`];
        const isKnown = consolePackages.some((name) => target === name || target.startsWith(`${name}/`));
        return isKnown ? [] : [`${file} imports the package ${target}`];
      }),
    );
  assert.deepEqual(violations, []);
});

test("the console never inserts values as markup and never evaluates text", () => {
  const folder = join(root, "console", "src");
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".test.ts"))
    .filter((file) =>
      /dangerouslySetInnerHTML|\.innerHTML|\.outerHTML|insertAdjacentHTML|\beval\(|new Function\(|document\.write/.test(
        readFileSync(join(folder, file), "utf8"),
      ),
    );
  assert.deepEqual(found, []);
});
