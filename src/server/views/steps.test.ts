import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunDetail } from "../../kernel/model/detail.ts";
import type { AttemptRecord, RecordedEntry, Wait } from "../../kernel/model/journal.ts";
import type { RunStatus } from "../../kernel/model/status.ts";
import { draftSteps, type ReopeningAt } from "./steps.ts";

function entry(seq: number, key: string, more: Partial<RecordedEntry> = {}): RecordedEntry {
  return {
    seq,
    key,
    kind: "step",
    outcome: "ok",
    value: "1",
    input: null,
    attempts: 1,
    tookMs: 5,
    at: 100 + seq,
    ...more,
  };
}

function attempt(key: string, number: number, more: Partial<AttemptRecord> = {}): AttemptRecord {
  const error = { name: "Error", message: "no" };
  return { key, number, charged: true, outcome: "failed", error, tookMs: 5, round: 0, at: 50 + number, ...more };
}

function wait(key: string, kind: Wait["kind"]): Wait {
  return { key, kind, dueAt: 1_000, since: 60, name: null, match: null, attempt: 2 };
}

function run(status: RunStatus, parts: Partial<RunDetail>): RunDetail {
  const definition = { kind: "workflow", name: "w", version: 1 } as const;
  const entries = parts.entries ?? [];
  return {
    row: {
      no: 1,
      id: "run_1",
      definition,
      status,
      reason: null,
      key: null,
      attributes: null,
      parentId: null,
      origin: { by: "test" },
      round: 0,
      error: null,
      fingerprint: null,
      stepsDone: 0,
      createdAt: 1,
      endedAt: null,
      continuedAs: null,
    },
    lastPart: null,
    mark: { fence: 1, round: 0 },
    isHeld: status === "running",
    compensation: null,
    input: null,
    output: null,
    entries,
    entryCount: entries.length,
    attempts: [],
    waits: [],
    arrivals: [],
    shows: [],
    children: [],
    ...parts,
  };
}

function statuses(detail: RunDetail, reopenings: readonly ReopeningAt[] = []): string[] {
  return draftSteps(detail, detail.entries, reopenings, true).map(({ step }) =>
    `${step.key} ${step.kind} ${step.status} ${step.attempts.map((each) => `${each.round}.${each.number} ${each.status}`).join(", ")}`.trim(),
  );
}

test("a recorded success shows the failed attempts before it and its own", () => {
  const detail = run("completed", {
    entries: [entry(1, "a", { attempts: 3 })],
    attempts: [attempt("a", 1), attempt("a", 2)],
  });
  assert.deepEqual(statuses(detail), ["a step completed 0.1 failed, 0.2 failed, 0.3 completed"]);
});

test("a recorded failure has no attempt beside those that failed", () => {
  const detail = run("failed", { entries: [entry(1, "a", { outcome: "error" })], attempts: [attempt("a", 1)] });
  assert.deepEqual(statuses(detail), ["a step failed 0.1 failed"]);
});

test("a wait, a retry and an unknown outcome stand as waiting", () => {
  const waits = [wait("nap", "timer"), wait("reply", "event"), wait("child", "child"), wait("call", "retry")];
  assert.deepEqual(statuses(run("waiting", { waits, attempts: [attempt("call", 1)] })), [
    "call step waiting 0.1 failed",
    "nap sleep waiting",
    "reply event waiting",
    "child child waiting",
  ]);
  assert.deepEqual(statuses(run("suspended", { waits: [wait("pay", "once")] })), ["pay once waiting"]);
  assert.deepEqual(statuses(run("running", { waits: [wait("pay", "once")] })), ["pay once running"]);
});

test("an attempt that is shown stands as running, also while its retry wait is still open", () => {
  const shows = [{ key: "call", attempt: 2, progress: 0.5, note: null, startedAt: 70 }];
  const detail = run("running", { shows, waits: [wait("call", "retry")], attempts: [attempt("call", 1)] });
  assert.deepEqual(statuses(detail), ["call step running 0.1 failed, 0.2 running"]);
});

test("what a reopening names is void: pending until it is recorded anew, its attempts kept", () => {
  const reopen = entry(3, "", { kind: "reopen" });
  const marks = [{ seq: 3, reopening: { keys: ["b"] } }];
  const before = [entry(1, "a"), entry(2, "b", { outcome: "error" })];
  const attempts = [attempt("b", 1)];
  assert.deepEqual(statuses(run("pending", { entries: [...before, reopen], attempts }), marks), [
    "a step completed 0.1 completed",
    "b step pending 0.1 failed",
  ]);
  const again = entry(4, "b", { attempts: 2 });
  assert.deepEqual(statuses(run("completed", { entries: [...before, reopen, again], attempts }), marks), [
    "a step completed 0.1 completed",
    "b step completed 0.1 failed, 1.2 completed",
  ]);
});

test("a restart voids all from its step on, and keeps their attempts to be read", () => {
  const entries = [entry(1, "a"), entry(2, "b"), entry(3, "", { kind: "reopen" }), entry(4, "a", { at: 200 })];
  const marks = [{ seq: 3, reopening: { keys: ["a", "b"], voidFrom: 1 } }];
  assert.deepEqual(statuses(run("running", { entries }), marks), [
    "a step completed 0.1 completed, 1.1 completed",
    "b step pending 0.1 completed",
  ]);
});

test("what the code left behind is abandoned, and of a cancelled run all that was open", () => {
  const entries = [entry(1, "a", { outcome: "abandoned" })];
  assert.deepEqual(statuses(run("completed", { entries })), ["a step abandoned"]);
  assert.deepEqual(statuses(run("cancelled", { attempts: [attempt("b", 1)] })), ["b step abandoned 0.1 failed"]);
});
