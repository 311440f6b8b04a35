import assert from "node:assert/strict";
import type { AnyWorkflow } from "baton";
import { openTestBaton } from "baton/testing";

export type TestBaton = Awaited<ReturnType<typeof openTestBaton>>;

/** Runs a test on an instance in memory. At its end no invariant of the store may be violated. */
export async function within(
  definitions: readonly AnyWorkflow[],
  body: (test: TestBaton) => Promise<void>,
): Promise<void> {
  const test = await openTestBaton({ definitions });
  try {
    await body(test);
    assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
  } finally {
    await test.close();
  }
}
