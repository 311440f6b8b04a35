import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHttpDate, parseTimestamp } from "./timestamp.ts";

const at = Date.UTC(2026, 10, 20, 9, 30);

test("reads dates, milliseconds and text with an offset", () => {
  assert.equal(parseTimestamp(new Date(at)), at);
  assert.equal(parseTimestamp(at - 0.5), at);
  assert.equal(parseTimestamp("2026-11-20T09:30:00Z"), at);
  assert.equal(parseTimestamp("2026-11-20T10:30:00.000+01:00"), at);
  assert.equal(parseTimestamp("2026-11-20T09:30Z"), at);
  assert.equal(parseTimestamp("2028-02-29T00:00:00Z"), Date.UTC(2028, 1, 29));
});

test("refuses what would mean another time on another machine, and what is not a time", () => {
  for (const value of [
    "2026-11-20T09:30:00",
    "2026-11-20",
    "tomorrow",
    "Fri Nov 20 2026 09:30:00 GMT",
    "2026-02-30T00:00:00Z",
    "2027-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "",
    null,
    undefined,
    true,
    {},
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e300,
    new Date(Number.NaN),
    BigInt(1),
  ])
    assert.equal(parseTimestamp(value), null, String(value));
});

test("reads the three forms of an HTTP date", () => {
  const ms = Date.UTC(1994, 10, 6, 8, 49, 37);
  assert.equal(parseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), ms);
  assert.equal(parseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), ms);
  assert.equal(parseHttpDate("Sun Nov  6 08:49:37 1994"), ms);
  for (const text of ["1994-11-06", "soon", "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Xyz 1994 08:49:37 GMT"])
    assert.equal(parseHttpDate(text), null, text);
});
