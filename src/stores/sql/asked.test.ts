import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAst } from "rolldown/parseAst";

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/** Calls without a database statement, which need no `yield*`: own lists, counts that are written at the end, hints. */
const plain = new Set(
  "push add set delete clear sort splice move hour cause correct change eventAdded remember settle put remove discard forget moveTo".split(
    " ",
  ),
);

/**
 * Work that is created but not yielded is silently not done. No type detects this, since a generator may be dropped.
 */
function dropped(file: string, text: string): string[] {
  const found: string[] = [];
  visit(parseAst(text, { lang: "ts" }) as unknown as Node, (node) => {
    if (node.type !== "ExpressionStatement") return;
    const call = node["expression"] as Node;
    if (call.type !== "CallExpression" || plain.has(nameOf(call["callee"] as Node))) return;
    found.push(`${file}:${text.slice(0, call.start).split("\n").length} ${text.slice(call.start).split("\n")[0]}`);
  });
  return found;
}

function nameOf(callee: Node): string {
  const name = callee.type === "MemberExpression" ? (callee["property"] as Node) : callee;
  return String(name["name"] ?? "");
}

function visit(node: Node, call: (node: Node) => void): void {
  call(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value])
      if (typeof child === "object" && child !== null && typeof child.type === "string") visit(child as Node, call);
  }
}

const folder = new URL("./", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));

test("all work with statements is yielded", () => {
  const working = files.flatMap((file) => {
    const text = readFileSync(new URL(file, folder), "utf8");
    return text.includes('from "./work.ts"') ? [{ file, text }] : [];
  });
  assert.ok(working.length > 30);
  assert.deepEqual(
    working.flatMap(({ file, text }) => dropped(file, text)),
    [],
  );
});

test("finds work that is not yielded", () => {
  assert.equal(dropped("x.ts", "function* f(run) { yield* a(run); b(run); list.push(run); }").length, 1);
});
