import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunRow } from "../../kernel/model/run.ts";
import type { Services } from "../services.ts";
import { exportRuns } from "./runs.ts";

function row(no: number): RunRow {
  return {
    no,
    id: `run_${no}`,
    definition: { kind: "workflow", name: "w", version: 1 },
    status: "completed",
    reason: null,
    key: `=key:${no}`,
    attributes: null,
    parentId: null,
    origin: { by: "test" },
    round: 0,
    error: null,
    fingerprint: null,
    stepsDone: 2,
    createdAt: 1,
    endedAt: 2,
    continuedAs: null,
  };
}

/** A store with so many runs, newest first, that counts what it is asked. */
function bench(count: number): { services: Services; asked: () => number } {
  let asked = 0;
  const query = async (_name: string, { before, limit }: { before: number | null; limit: number }) => {
    asked += 1;
    const from = before === null ? count : before - 1;
    return Array.from({ length: Math.max(0, Math.min(limit, from)) }, (_, i) => row(from - i));
  };
  return { services: { store: { query } } as unknown as Services, asked: () => asked };
}

test("all that match are there once, in pages, with no cut", async () => {
  const { services, asked } = bench(1_200);
  const text = await exportRuns(services, {}, "ndjson", false).text();
  const ids = text
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { id: string }).id);
  assert.deepEqual([ids.length, new Set(ids).size, ids[0], ids.at(-1)], [1_200, 1_200, "run_1200", "run_1"]);
  assert.equal(asked(), 3);
});

test("a file that is full says so in its last line", async () => {
  const { services } = bench(700);
  const lines = (await exportRuns(services, {}, "csv", false, 600).text()).split("\r\n");
  assert.match(lines[0] ?? "", /^id,name,version,status,key/);
  assert.match(lines[1] ?? "", /^run_700,w,1,completed,'=key:700,/);
  assert.equal(lines.length, 1 + 600 + 1 + 1);
  assert.match(lines[601] ?? "", /^cut after 600 rows: narrow the filter,,/);
  const whole = await exportRuns(bench(600).services, {}, "ndjson", false, 600).text();
  assert.equal(whole.trimEnd().split("\n").length, 600);
});

test("a page is read only when somebody wants it, and none after they have left", async () => {
  const { services, asked } = bench(5_000);
  const reader = exportRuns(services, {}, "ndjson", false).body?.getReader();
  assert.equal(asked(), 0);
  await reader?.read();
  assert.equal(asked(), 1);
  await reader?.cancel();
  assert.equal(asked(), 1);
});
