import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunRow } from "../kernel/model/run.ts";
import type { RunStatus } from "../kernel/model/status.ts";
import type { Clock } from "../kernel/ports/clock.ts";
import type { Store } from "../kernel/ports/store.ts";
import { RunWatch } from "./run-watch.ts";

/** A store that knows only how far runs are, and a clock whose seconds the test lets pass. */
function bench(runs: Record<number, { steps: number; status: RunStatus }>) {
  const asked: string[] = [];
  const reported: [number, number][] = [];
  let due: (() => void) | null = null;
  const query = async (name: string, params: { runs: number[] }): Promise<unknown> => {
    asked.push(name);
    if (name === "progress") return params.runs.map((run) => ({ run, steps: runs[run]?.steps }));
    return params.runs.map((no) => ({ no, status: runs[no]?.status, stepsDone: runs[no]?.steps }));
  };
  const after = (_ms: number, call: () => void): (() => void) => {
    due = call;
    return () => {
      due = null;
    };
  };
  const watch = new RunWatch({ query } as unknown as Store, { after } as unknown as Clock, (rows: readonly RunRow[]) =>
    reported.push(...rows.map((row): [number, number] => [row.no, row.stepsDone])),
  );
  const second = async (): Promise<boolean> => {
    const call = due;
    due = null;
    call?.();
    for (let i = 0; i < 10; i++) await Promise.resolve();
    return call !== null;
  };
  return { watch, asked, reported, second };
}

test("asks nothing while nobody follows a run, and one statement a second while nothing moves", async () => {
  const { watch, asked, reported, second } = bench({ 1: { steps: 3, status: "running" } });
  assert.equal(await second(), false);
  watch.follow(new Set([1]));
  for (let i = 0; i < 3; i++) await second();
  assert.deepEqual(reported, [[1, 3]]);
  assert.deepEqual(asked, ["progress", "runsOf", "progress", "progress"]);
  watch.follow(new Set());
  assert.equal(await second(), false);
});

test("a run at rest is not looked at until it stirs", async () => {
  const runs = { 1: { steps: 3, status: "failed" as RunStatus } };
  const { watch, reported, second } = bench(runs);
  watch.follow(new Set([1]));
  assert.equal(await second(), true);
  assert.equal(await second(), false);
  runs[1] = { steps: 4, status: "running" };
  watch.stir(1);
  assert.equal(await second(), true);
  assert.deepEqual(reported, [
    [1, 3],
    [1, 4],
  ]);
});
