import assert from "node:assert/strict";
import { test } from "node:test";
import { Attempt } from "./attempt.ts";

test("progress is stored as a share and a short text, whatever the code passes", () => {
  const attempt = new Attempt({
    key: "k",
    number: 1,
    idempotencyKey: () => "run:k",
    input: undefined,
    deadlineAt: null,
    startedMono: 0,
    log: () => {},
  });
  const progressOf = (share: unknown, note?: unknown): unknown => {
    attempt.progress(share as number, note as string);
    return [attempt.unshown?.progress, attempt.unshown?.note];
  };
  assert.deepEqual(progressOf(0.4, "page 12"), [0.4, "page 12"]);
  assert.deepEqual(progressOf(7), [1, null]);
  assert.deepEqual(progressOf(Number.NaN, { page: 12 }), [null, "[object Object]"]);
  assert.deepEqual(
    progressOf("half", () => 1),
    [null, "() => 1"],
  );
  assert.deepEqual(progressOf(-1, "x".repeat(5_000)), [0, "x".repeat(1_000)]);
});
