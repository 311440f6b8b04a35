import assert from "node:assert/strict";
import { test } from "node:test";
import { type BigNumber, parseLossless, pathOf } from "./client.ts";

test("an integer too large for a double keeps every digit; other numbers are parsed as numbers", () => {
  const value = parseLossless(
    '{"id":9007199254740993,"n":12,"f":0.1234567890123456789,"list":[-18446744073709551616]}',
  ) as {
    id: BigNumber;
    n: number;
    f: number;
    list: readonly BigNumber[];
  };
  assert.deepEqual([value.id.text, value.n, value.list[0]?.text], ["9007199254740993", 12, "-18446744073709551616"]);
  assert.equal(typeof value.f, "number");
  assert.equal(JSON.stringify(value.id), "9007199254740993");
});

test("a path omits empty parameters", () => {
  assert.equal(pathOf("/api/runs", { status: "failed", q: "", name: undefined, key: null }), "/api/runs?status=failed");
  assert.equal(pathOf("/api/home"), "/api/home");
});
