import assert from "node:assert/strict";
import { test } from "node:test";
import { diffLines, hunksOf } from "./line-diff.ts";

const marks = { same: " ", removed: "-", added: "+" } as const;

function told(before: string, after: string): string {
  return diffLines(before, after)
    .map(({ kind, text }) => marks[kind] + text)
    .join("\n");
}

test("a changed line is removed and added in its place", () => {
  assert.equal(told("a\nb\nc", "a\nx\nc"), " a\n-b\n+x\n c");
});

test("lines that moved keep the longest common part", () => {
  assert.equal(told("a\nb\nc\nd", "b\nc\na\nd"), "-a\n b\n c\n+a\n d");
});

test("the same text has no change", () => {
  assert.equal(told("a\nb", "a\nb"), " a\n b");
  assert.deepEqual(hunksOf(diffLines("a\nb", "a\nb")), [{ hidden: 2 }]);
});

test("each side can be put together again from the lines", () => {
  const pick = (n: number): string => Array.from({ length: 40 }, (_, i) => "abcd"[(i * n + (i >> n)) % 4]).join("\n");
  for (let n = 1; n < 7; n++) {
    const [before, after] = [pick(n), pick(n + 1)];
    const lines = diffLines(before, after);
    const side = (without: string): string =>
      lines.flatMap(({ kind, text }) => (kind === without ? [] : [text])).join("\n");
    assert.equal(side("added"), before);
    assert.equal(side("removed"), after);
  }
});

test("texts too long to be compared are told as replaced, and lines that both begin and end with are not", () => {
  const long = (letter: string): string => Array.from({ length: 3_000 }, (_, i) => `${letter}${i}`).join("\n");
  const lines = diffLines(`x\n${long("a")}\ny`, `x\n${long("b")}\ny`);
  assert.equal(lines.length, 6_002);
  assert.deepEqual([lines[0]?.kind, lines.at(-1)?.kind], ["same", "same"]);
});

test("what did not change far from a change is left out", () => {
  const before = Array.from({ length: 20 }, (_, i) => `line ${i}`).join("\n");
  const hunks = hunksOf(diffLines(before, before.replace("line 10", "other")), 2);
  assert.deepEqual(
    hunks.map((hunk) => ("hidden" in hunk ? hunk.hidden : hunk.lines.map(({ kind }) => marks[kind]).join(""))),
    [8, "  -+  ", 7],
  );
});
