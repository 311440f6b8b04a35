import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { retired } from "./retired.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Code whose texts users read. The simulator and the test suites print for developers of Baton. */
const sources = filesOf(["src", "console/src", "examples", "bin"], /\.tsx?$|\.js$/).filter(
  (file) => !/\.test\.tsx?$|^src\/(simulation|stores\/conformance)\//.test(file),
);
const documents = [...filesOf(["docs", "examples"], /\.md$/), "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/** Statements and parts of them: names of tables and columns are stored names. */
const sql =
  /\b(?:select|insert into|update|delete from|order by|and) \S|\b[a-z]\.[a-z_]+\b|\w+ [<>=]+ |^\s*\(?[a-z_]+(?:, [a-z_]+)+/;

const pattern = new RegExp(`(?<![\\w-])(?:${[...retired.keys()].map(escaped).join("|")})(?![\\w-])`, "gi");

describe("texts that people read", () => {
  it("use no retired phrase in string literals and in pages of the console", () => {
    assert.deepEqual(
      sources.flatMap((file) => textsOf(file).flatMap((text) => findingsIn(file, text))),
      [],
    );
  });

  it("use no retired phrase in the documentation", () => {
    assert.deepEqual(
      documents.flatMap((file) => findingsIn(file, proseOf(file))),
      [],
    );
  });

  it("are searched for each phrase as whole words, in any case", () => {
    assert.deepEqual(findingsIn("f", { text: "Nobody mends it, mend-dead-letters", line: 3 }), [
      'f:3: "Nobody": write no process, no one',
      'f:3: "mends": write fixes or repairs',
    ]);
  });
});

interface Text {
  readonly text: string;
  readonly line: number;
}

function findingsIn(file: string, { text, line }: Text): string[] {
  return [...text.matchAll(pattern)].map(([phrase], i, all) => {
    const before = text.slice(0, all[i]?.index).split("\n").length - 1;
    return `${file}:${line + before}: "${phrase}": write ${retired.get(phrase.toLowerCase())}`;
  });
}

/** What this test reads of a node. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly value?: unknown;
  readonly quasis?: readonly { readonly value: { readonly raw: string } }[];
}

/** String literals of more than one word, whole templates, and texts between tags. */
function textsOf(file: string): Text[] {
  const source = readFileSync(join(root, file), "utf8");
  const texts: Text[] = [];
  const add = (text: string, start: number): void => {
    if (/\S\s+\S/.test(text.trim()) && !sql.test(text))
      texts.push({ text, line: source.slice(0, start).split("\n").length });
  };
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) return node.forEach(visit);
    const { type, start, value, quasis } = node as SyntaxNode;
    if (type === "Literal" && typeof value === "string") add(value, start);
    if (type === "JSXText") add(String(value), start);
    if (type === "TemplateLiteral") add((quasis ?? []).map((part) => part.value.raw).join("…"), start);
    for (const part of Object.values(node)) visit(part);
  };
  visit(parseSync(file, source).program);
  return texts;
}

/** A page without its code: commands and names in it are what they are. */
function proseOf(file: string): Text {
  const blank = (code: string): string => code.replaceAll(/[^\n]/g, " ");
  const text = readFileSync(join(root, file), "utf8");
  return { text: text.replaceAll(/^```[\s\S]*?^```$/gm, blank).replaceAll(/`[^`\n]*`/g, blank), line: 1 };
}

function filesOf(folders: readonly string[], name: RegExp): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => name.test(file) && !/(^|\/)(node_modules|dist)\//.test(file))
      .map((file) => relative(root, join(root, folder, file))),
  );
}

function escaped(phrase: string): string {
  return phrase.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
