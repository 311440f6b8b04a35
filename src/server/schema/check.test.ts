import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "./check.ts";
import { anything, list, object, orNull, ref, type Schema, text, timestamp, whole } from "./schema.ts";

const places = (schema: Schema, value: unknown): string[] =>
  check(schema, value, "", { Pair: object({ a: whole, b: text(3) }) }).map(
    ({ path, message }) => `${path}: ${message}`,
  );

test("a value that fits has no places", () => {
  const schema = object(
    { at: timestamp, pairs: list(ref("Pair")), note: orNull(text(5)), any: anything },
    { optional: ["any"] },
  );
  assert.deepEqual(places(schema, { at: "2026-11-20T09:30:00.000Z", pairs: [{ a: 1, b: "x" }], note: null }), []);
});

test("every wrong place is named with its path and what it should be", () => {
  const schema = object({ pairs: list(ref("Pair")), "odd name": whole });
  assert.deepEqual(places(schema, { pairs: [{ a: 1.5, b: "long" }, 7], "odd name": "x", more: 1 }), [
    "pairs[0].a: must be a whole number, not a number",
    "pairs[0].b: has 4 characters, the limit is 3",
    "pairs[1]: must be an object, not a number",
    '["odd name"]: must be a whole number, not a string',
    "more: is an unknown field; allowed: pairs, odd name",
  ]);
});

test("a hostile value gives a bounded list", () => {
  const value = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x${i}`, 1]));
  assert.equal(places(object({}), value).length, 20);
});
