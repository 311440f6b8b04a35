import assert from "node:assert/strict";
import { test } from "node:test";
import { type Facts, outcomeOf, outcomeText, waitView } from "./event.ts";

const row = {
  no: 7,
  name: "deal.won",
  matched: 0,
  refused: [],
  joined: [],
  isRouted: true,
  isHeld: false,
  tries: 0,
  tryError: null,
};
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
  const tried = {
    ...row,
    isRouted: false,
    tries: 2,
    tryError: "the process that evaluated it alone was ended by SIGKILL",
  };
  assert.deepEqual(textsOf({ row: tried }), [
    "waiting",
    "Stored. Its next routing try runs alone, 2 of 3 had no result: the process that evaluated it alone was ended by SIGKILL",
  ]);
  assert.deepEqual(textsOf({ row: { ...tried, isHeld: true, tries: 3, matched: 1 }, listeners: ["w"] }), [
    "dead",
    "Held after 3 routing tries without a result: the process that evaluated it alone was ended by SIGKILL. It starts nothing, and resumed one run that waited for it. Fix the input schema, key or limits of w, deploy the fix, and route it again with: baton events retry 7",
  ]);
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
