import assert from "node:assert/strict";
import { test } from "node:test";
import { BatonError, StoreError } from "../../kernel/model/errors.ts";
import { problemOf, problemResponse } from "./problems.ts";

test("a store that cannot be reached is 503 and says when to come back", () => {
  for (const code of ["unavailable", "unknown-outcome"] as const) {
    const response = problemResponse(new StoreError(code, "the disk is full"), "/api/runs");
    assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
  }
});

test("an error's code decides its status, and what no code knows is 500", () => {
  const status = (code: string): number => problemOf(new BatonError(code, "x"), "/").status;
  assert.deepEqual(
    ["invalid-input", "limit", "not-found", "key-conflict", "illegal", "corrupt"].map(status),
    [422, 413, 404, 409, 409, 500],
  );
  const problem = problemOf(new TypeError("x is undefined"), "/api/runs");
  assert.deepEqual([problem.status, problem.code, problem.detail], [500, "internal", "x is undefined"]);
});

test("a problem carries its hint, its places and its details apart", () => {
  const details = { issues: [{ path: "a", message: "is missing" }], run: "run_1" };
  const problem = problemOf(new BatonError("invalid-input", "a is missing", { hint: "give it", details }), "/api/runs");
  assert.deepEqual(problem, {
    type: "urn:baton:error:invalid-input",
    title: "Unprocessable content",
    status: 422,
    detail: "a is missing",
    code: "invalid-input",
    hint: "give it",
    instance: "/api/runs",
    errors: [{ path: "a", message: "is missing" }],
    details: { run: "run_1" },
  });
});
