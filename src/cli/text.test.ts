import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, jsonText, painted, plain, table, unpainted } from "./text.ts";

test("control characters are shown, never sent", () => {
  assert.equal(plain("a\u001b[2Jb\u0007\u009bc\nd"), "a\\x1b[2Jb\\x07\\x9bc d");
  assert.equal(jsonText({ a: "\u009b\u001b" }), '{"a":"\\u009b\\u001b"}');
  assert.deepEqual(JSON.parse(jsonText({ a: "\u009b\u007f" })), { a: "\u009b\u007f" });
});

test("a table cuts its last column only, and ids stay whole", () => {
  const columns = [
    { head: "ID", cell: (row: readonly string[]) => row[0] ?? "" },
    { head: "WHY", cell: (row: readonly string[]) => row[1] ?? "" },
  ];
  const id = "run_019aa0c0-0000-7000-8000-000000000001";
  const rows = [[id, "x".repeat(100)]];
  const [head, line] = table(columns, rows, { paint: unpainted, width: 70 });
  assert.equal(head, `ID${" ".repeat(40)}WHY`);
  assert.equal(line, `${id}  ${"x".repeat(27)}…`);
  assert.equal(table(columns, rows, { paint: unpainted, width: null })[1], `${id}  ${"x".repeat(100)}`);
});

test("colours go round the padding, so that columns stay in line", () => {
  const columns = [
    { head: "S", cell: (row: string) => row, colour: () => "red" as const },
    { head: "T", cell: () => "t" },
  ];
  const lines = table(columns, ["ab", "a"], { paint: painted, width: null });
  assert.equal(lines[2], "\u001b[31ma \u001b[0m  t");
});

test("ages are shown in one unit", () => {
  const now = Date.parse("2026-11-20T12:00:00.000Z");
  const at = (ms: number): string => ago(new Date(now - ms).toISOString(), now);
  assert.deepEqual([5_000, 125_000, 7_300_000, 200_000_000, -50].map(at), [
    "5 s ago",
    "2 min ago",
    "2 h ago",
    "2 d ago",
    "0 s ago",
  ]);
});
