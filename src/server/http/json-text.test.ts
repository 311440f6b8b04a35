import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseJson } from "./json-text.ts";

function codeOf(text: string): string {
  try {
    parseJson(text);
    return "ok";
  } catch (error) {
    return (error as { code?: string }).code ?? "not a BatonError";
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("takes every JSON document and gives what JSON.parse gives", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(0, 2, "\t"), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const code = codeOf(text);
      // A double that is written without its point may be an integer that was never meant as one.
      if (code === "ok") assert.deepEqual(parseJson(text), JSON.parse(text));
      else assert.match(code, /^(?:unsafe-integer|unencodable)$/, text);
    }),
  );
});

test("refuses exactly what JSON.parse refuses", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"\\u00e4"',
    '"\\x"',
    '"',
    "0",
    "01",
    "-",
    "-1.5e3",
    "1.",
    "true",
    "nul",
    " ",
    "\n",
    "\u0001",
    "\u00a0",
    "\ufeff",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 8 }), (parts) => {
      const text = parts.join("");
      assert.equal(codeOf(text) === "ok", isJson(text), JSON.stringify(text));
    }),
    { numRuns: 3_000 },
  );
});

test("says where a text stops being JSON", () => {
  assert.throws(() => parseJson('{\n  "a": 1,\n  b\n}'), { message: /at line 3, column 3$/ });
  assert.throws(() => parseJson("[1,]"), { message: /at line 1, column 4$/ });
  assert.throws(() => parseJson("[1] x"), { message: /unexpected text after the value at line 1, column 5$/ });
});

test("counts depth and keys without building anything", () => {
  assert.equal(codeOf(`${"[".repeat(64)}${"]".repeat(64)}`), "ok");
  assert.equal(codeOf(`${"[".repeat(65)}${"]".repeat(65)}`), "limit");
  const object = (keys: number): string => `{${Array.from({ length: keys }, (_, i) => `"${i}":0`).join()}}`;
  assert.equal(codeOf(object(10_000)), "ok");
  assert.equal(codeOf(object(10_001)), "limit");
});

test("refuses an integer that a number cannot hold, with its path", () => {
  for (const text of ["9007199254740992", "-9007199254740992", "9007199254740993.0", "1e30", "123456789012345"])
    assert.equal(codeOf(text), "ok", text);
  for (const text of ["9007199254740993", "-9007199254740993", "100000000000000000000"])
    assert.equal(codeOf(text), "unsafe-integer", text);
  assert.throws(() => parseJson('{"a b":[{"id":1},{"id":12345678901234567890}]}'), {
    message: /^\["a b"\]\[1\]\.id is 12345678901234567890,/,
  });
});
