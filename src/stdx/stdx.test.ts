import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";
import { canonical, decode, encode } from "./json.ts";

test("durations are parsed in every supported form", () => {
  const cases: [string | number, number][] = [
    [250, 250],
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["1.5s", 1_500],
    ["PT8H", 28_800_000],
    ["P1DT12H", 129_600_000],
    ["P2W", 1_209_600_000],
    ["0", Number.NaN],
  ];
  for (const [text, ms] of cases) {
    if (Number.isNaN(ms)) assert.throws(() => parseDuration(text), TypeError);
    else assert.equal(parseDuration(text), ms);
  }
});

test("text that is not a duration is refused", () => {
  for (const text of ["", "soon", "-5s", "5 parsecs", "PT", "P", -1, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => parseDuration(text), TypeError);
});

test("durations are formatted for people", () => {
  assert.deepEqual([12, 16_400, 125_000, 93_600_000, 200_000_000].map(formatDuration), [
    "12 ms",
    "16.4 s",
    "2 m 5 s",
    "26 h 0 m",
    "2 d 7 h",
  ]);
});

test("encoded values are decoded unchanged", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      // Refused, as the next test shows; the generator produces such keys often.
      fc.pre(!JSON.stringify(value).includes('"__proto__":'));
      const text = encode(value);
      assert.deepEqual(decode(text), JSON.parse(JSON.stringify(value)));
    }),
  );
  assert.equal(encode(undefined), null);
  assert.equal(decode(null), undefined);
});

test("the error names the path of the first value that cannot be stored", () => {
  const cyclic: { list: unknown[] } = { list: [] };
  cyclic.list.push({ back: cyclic });
  const cases: [unknown, string][] = [
    [{ "a b": [1, { c: undefined, d: Symbol("s") }] }, '["a b"][1].d'],
    [cyclic, ".list[0].back"],
    [{ when: new Date(Number.NaN) }, ".when"],
    [{ bytes: new Uint8Array(2) }, ".bytes"],
    [{ deep: [[[new (class Money {})()]]] }, ".deep[0][0][0]"],
    [new Array(2), "[0]"],
    [JSON.parse('[{"__proto__":{}}]'), "[0].__proto__"],
  ];
  for (const [value, path] of cases)
    assert.throws(
      () => encode(value),
      (error: { path: string }) => error.path === path,
      path,
    );
});

test("canonical text does not depend on the order of keys", () => {
  assert.equal(canonical({ b: 1, a: { d: [1, 2], c: null } }), canonical({ a: { c: null, d: [1, 2] }, b: 1 }));
  assert.notEqual(canonical({ a: "1" }), canonical({ a: 1 }));
});
