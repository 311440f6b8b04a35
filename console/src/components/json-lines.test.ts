import assert from "node:assert/strict";
import { test } from "node:test";
import { itemsMax, jsonLines, type Raw } from "./json-lines.ts";

const none = (_value: unknown): _value is Raw => false;
const view = { toggled: new Set<string>(), whole: new Set<string>(), depth: 12 };
const texts = (value: unknown, given = view): readonly string[] =>
  jsonLines(value, given, none).map(({ name, text }) => `${name ?? ""}${text}`);

test("a small value is shown as JSON", () => {
  const value = { a: [1, { b: null }], c: "x\u202ey", d: {} };
  assert.deepEqual(texts(value), [
    "{",
    '"a": [',
    "1,",
    "{",
    '"b": null',
    "}",
    "],",
    '"c": "x\\u202ey",',
    '"d": {}',
    "}",
  ]);
});

test("objects below the depth are closed and show their size until they are opened", () => {
  const value = { a: { b: { c: 1 } } };
  assert.deepEqual(texts(value, { ...view, depth: 2 }), ["{", '"a": {', '"b": { 1 field }', "}", "}"]);
  assert.deepEqual(texts(value, { ...view, depth: 2, toggled: new Set(["$.a.b"]) }), [
    "{",
    '"a": {',
    '"b": {',
    '"c": 1',
    "}",
    "}",
    "}",
  ]);
});

test("a long list shows its first items and the number of the rest", () => {
  const lines = texts(Array.from({ length: 250 }, (_, i) => i));
  assert.deepEqual([lines.length, lines.at(-2)], [itemsMax + 3, "150 more"]);
  assert.equal(
    texts(
      Array.from({ length: 250 }, (_, i) => i),
      { ...view, whole: new Set(["$"]) },
    ).length,
    252,
  );
});

test("a number too large for a double is shown with all digits", () => {
  const isRaw = (value: unknown): value is Raw => value instanceof Big;
  class Big {
    readonly text = "9007199254740993";
  }
  assert.deepEqual(
    jsonLines({ n: new Big() }, view, isRaw).map(({ text }) => text),
    ["{", "9007199254740993", "}"],
  );
});
