import assert from "node:assert/strict";
import { test } from "node:test";
import { diffLines, hunksOf } from "./line-diff.ts";

const marks = { same: " ", removed: "-", added: "+" } as const;

function diffText(before: string, after: string): string {
  return diffLines(before, after)
    .map(({ kind, text }) => marks[kind] + text)
    .join("\n");
}

test("a changed line is removed and added in its place", () => {
  assert.equal(diffText("a\nb\nc", "a\nx\nc"), " a\n-b\n+x\n c");
});

test("moved lines keep the longest common subsequence", () => {
  assert.equal(diffText("a\nb\nc\nd", "b\nc\na\nd"), "-a\n b\n c\n+a\n d");
});

test("equal texts have no changes", () => {
  assert.equal(diffText("a\nb", "a\nb"), " a\n b");
  assert.deepEqual(hunksOf(diffLines("a\nb", "a\nb")), [{ hidden: 2 }]);
});

test("both texts can be rebuilt from the diff", () => {
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

test("texts too long to compare are shown as replaced, except for their common start and end", () => {
  const long = (letter: string): string => Array.from({ length: 3_000 }, (_, i) => `${letter}${i}`).join("\n");
  const lines = diffLines(`x\n${long("a")}\ny`, `x\n${long("b")}\ny`);
  assert.equal(lines.length, 6_002);
  assert.deepEqual([lines[0]?.kind, lines.at(-1)?.kind], ["same", "same"]);
});

test("unchanged lines far from a change are hidden", () => {
  const before = Array.from({ length: 20 }, (_, i) => `line ${i}`).join("\n");
  const hunks = hunksOf(diffLines(before, before.replace("line 10", "other")), 2);
  assert.deepEqual(
    hunks.map((hunk) => ("hidden" in hunk ? hunk.hidden : hunk.lines.map(({ kind }) => marks[kind]).join(""))),
    [8, "  -+  ", 7],
  );
});
