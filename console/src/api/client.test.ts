import assert from "node:assert/strict";
import { test } from "node:test";
import { type BigNumber, parse, pathOf } from "./client.ts";

test("an integer that a double cannot hold keeps every digit, others are numbers", () => {
  const value = parse('{"id":9007199254740993,"n":12,"f":0.1234567890123456789,"list":[-18446744073709551616]}') as {
    id: BigNumber;
    n: number;
    f: number;
    list: readonly BigNumber[];
  };
  assert.deepEqual([value.id.text, value.n, value.list[0]?.text], ["9007199254740993", 12, "-18446744073709551616"]);
  assert.equal(typeof value.f, "number");
  assert.equal(JSON.stringify(value.id), "9007199254740993");
});

test("a path leaves out what is not given", () => {
  assert.equal(pathOf("/api/runs", { status: "failed", q: "", name: undefined, key: null }), "/api/runs?status=failed");
  assert.equal(pathOf("/api/home"), "/api/home");
});
