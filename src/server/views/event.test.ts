import assert from "node:assert/strict";
import { test } from "node:test";
import { type Facts, outcomeOf, outcomeText, waitView } from "./event.ts";

const row = { name: "deal.won", matched: 0, refused: [], joined: [], isRouted: true };
const facts: Facts = { row, listeners: [], waits: [], waiting: 0 };

function textsOf(over: Partial<Facts>): [string, string] {
  const all = { ...facts, ...over };
  const outcome = outcomeOf(all);
  return [outcome, outcomeText(outcome, all)];
}

test("a wait names each path that differs, and a missing one is not null", () => {
  const wait = { run: "run_1", definition: "w", key: "items[2]/answer#2", match: '{"a.b":1,"c":null,"d":"x"}' };
  assert.deepEqual(waitView(wait, { a: { b: "1" }, d: "x" }), {
    run: "run_1",
    name: "w",
    step: "answer",
    match: { "a.b": 1, c: null, d: "x" },
    differs: [
      { path: "a.b", wanted: 1, got: "1" },
      { path: "c", wanted: null, got: null },
    ],
  });
  assert.deepEqual(waitView({ ...wait, match: null }, undefined).differs, []);
});

test("every outcome is a sentence", () => {
  assert.deepEqual(textsOf({ row: { ...row, matched: 3 } }), ["matched", "Started or resumed 3 runs"]);
  assert.deepEqual(textsOf({ row: { ...row, joined: [{ definition: "w", run: "run_1" }] } }), [
    "batched",
    "Batched into run run_1",
  ]);
  assert.deepEqual(textsOf({ row: { ...row, refused: ["w: input.a: is missing"] } }), [
    "refused",
    "Started nothing: w: input.a: is missing",
  ]);
  assert.equal(textsOf({ row: { ...row, isRouted: false } })[0], "waiting");
  assert.deepEqual(textsOf({}), [
    "no-listener",
    "No loaded workflow is triggered by deal.won, and no run is waiting for it",
  ]);
  assert.deepEqual(textsOf({ listeners: ["w"] }), [
    "no-match",
    "w is triggered by deal.won now, but was not when this event was received",
  ]);
  const wait = waitView({ run: "run_1", definition: "w", key: "k", match: null }, {});
  assert.deepEqual(textsOf({ waits: [wait], waiting: 2 }), [
    "no-match",
    "2 runs are waiting for deal.won, but started waiting after this event was received",
  ]);
});
