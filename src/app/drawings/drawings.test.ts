import assert from "node:assert/strict";
import { test } from "node:test";
import type { Item, OperationNode, Outline } from "../../workflows/outline/outline.ts";
import { chartOf } from "./chart.ts";
import { changesOf } from "./diff.ts";
import { layoutOf } from "./layout.ts";

const operation = (step: string, options: string | null = null): OperationNode => ({
  is: "operation",
  kind: "step",
  label: step,
  step,
  options,
  hasUndo: false,
});
const outline = (...items: Item[]): Outline => ({ items, gaps: [], source: "" });

/** Arrows as pairs of box names. */
function arrows(...items: Item[]): string[] {
  const { nodes, edges } = chartOf("flow", outline(...items));
  const name = (id: string): string => nodes.find((node) => node.id === id)?.label ?? "?";
  return edges.map(({ from, to, label }) => `${name(from)} -${label === null ? "" : ` ${label} -`}> ${name(to)}`);
}

test("a fork has arrows to its arms and past them, and a return has an arrow to the end", () => {
  const arms = [
    { label: "then", items: [operation("a"), { is: "leave", how: "return" } as const] },
    { label: "else", items: [] },
  ];
  assert.deepEqual(arrows({ is: "fork", label: "x?", arms, isTotal: false }, operation("b")), [
    "flow -> x?",
    "x? - then -> a",
    "x? - else -> b",
    "b -> end",
    "a -> end",
  ]);
});

test("a loop has an arrow back, a break leaves it, and the code continues after it", () => {
  const stop: Item = {
    is: "fork",
    label: "done?",
    arms: [{ label: "then", items: [{ is: "leave", how: "break" }] }],
    isTotal: false,
  };
  assert.deepEqual(
    arrows({ is: "loop", label: "items", items: [operation("a"), stop], isEndless: true }, operation("b")),
    ["flow -> items", "items - each -> a", "a -> done?", "done? - again -> items", "done? - then -> b", "b -> end"],
  );
});

test("a failing operation has an arrow to its handler, and a helper's return only leaves the helper", () => {
  const helper: Item = { is: "inlined", items: [operation("in"), { is: "leave", how: "return" }] };
  assert.deepEqual(
    arrows(helper, { is: "attempt", items: [operation("try")], handler: [operation("tell")] }, operation("on")),
    ["flow -> in", "in -> try", "try - fails -> tell", "try -> on", "tell -> on", "on -> end"],
  );
});

test("a layout goes from left to right, with boxes as wide as their text and without overlaps", async () => {
  const arms = [
    { label: null, items: [operation("one")] },
    { label: null, items: [operation("a step with quite a long name of its own")] },
  ];
  const { nodes, edges, width, height } = await layoutOf(
    chartOf("flow", outline(operation("first"), { is: "together", isRace: false, arms }, operation("last"))),
  );
  const [start, first, fork, one, two, last] = nodes;
  assert.ok(start!.x < first!.x && first!.x < fork!.x && fork!.x < one!.x && one!.x < last!.x);
  assert.ok(Math.abs(one!.y - two!.y) >= 40);
  assert.deepEqual([one?.width, two?.width, one?.height], [120, 220, 40]);
  assert.ok(nodes.every((node) => node.x >= 0 && node.x + node.width <= width && node.y + node.height <= height));
  assert.ok(edges.every((edge) => edge.points.length >= 2));
});

test("three hundred boxes are laid out within five seconds, and more are cut", async () => {
  const many = Array.from({ length: 400 }, (_, i) => operation(`step ${i}`));
  const chart = chartOf("flow", outline(...many));
  assert.deepEqual([chart.nodes.length, chart.isCut], [301, true]);
  const began = performance.now();
  await layoutOf(chart);
  assert.ok(performance.now() - began < 5_000);
});

test("changes are reported in the order of the newer version, with removed steps at their old position", () => {
  const before = outline(operation("a"), operation("b", "{ x: 1 }"), operation("gone"), operation("c"), operation("d"));
  const after = outline(operation("c"), operation("a"), operation("new"), operation("b", "{ x: 2 }"), operation("d"));
  assert.deepEqual(
    changesOf(before, after).map(({ step, change }) => `${step} ${change}`),
    ["c moved", "a same", "new added", "b options", "gone removed", "d same"],
  );
});
