import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { generatedPages } from "../../scripts/pages.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = mkdtempSync(join(tmpdir(), "baton-docs-"));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
execFileSync("mkdir", ["-p", join(folder, "node_modules")]);
symlinkSync(root, join(folder, "node_modules", "baton"));

const pages = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];

function blocksOf(page: string): { language: string; code: string }[] {
  return [...readFileSync(join(root, page), "utf8").matchAll(/^```(\S+)( fragment)?\n([\s\S]*?)^```$/gm)].map(
    (match) => ({ language: `${match[1]}${match[2] ?? ""}`, code: match[3] ?? "" }),
  );
}

describe("the documentation", () => {
  for (const page of pages) {
    blocksOf(page).forEach(({ language, code }, i) => {
      if (language === "ts") {
        it(`${page}: block ${i + 1} runs and prints its documented output`, () => {
          const file = join(folder, `block-${page.replaceAll(/\W/g, "-")}-${i}.ts`);
          writeFileSync(file, code);
          // The checkout is linked as the package; its sources are read from their real path, so that their types are
          // stripped.
          const output = execFileSync(process.execPath, ["--conditions=source", file], {
            cwd: folder,
            encoding: "utf8",
            env: { ...process.env, NODE_TEST_CONTEXT: "", NODE_OPTIONS: "" },
          });
          const printed = output.replaceAll(/\s+/g, " ");
          for (const [, expected = ""] of code.matchAll(/console\.log\(.*; \/\/ (.+)$/gm))
            assert.ok(printed.includes(expected.split(", and ")[0] ?? ""), `${expected} in ${printed}`);
        });
      } else if (language === "ts fragment") {
        it(`${page}: block ${i + 1} is TypeScript`, () => assert.ok(stripTypeScriptTypes(code).length > 0));
      }
    });
  }

  it("links have targets", () => {
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)]
        .map((match) => join(dirname(page), match[1] ?? ""))
        .filter((target) => {
          try {
            return readFileSync(join(root, target)).length === 0;
          } catch {
            return true;
          }
        })
        .map((target) => `${page}: ${relative(".", target)}`),
    );
    assert.deepEqual(broken, []);
  });

  it("generated pages match the code", () => {
    for (const { path, text } of generatedPages(root))
      assert.equal(readFileSync(join(root, path), "utf8"), text, `npm run docs`);
  });
});
