import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeScale } from "./scale.ts";

const iso = (ms: number): string => new Date(ms).toISOString();

/** A run with separate idle periods, in order. */
const runs = fc
  .tuple(
    fc.integer({ min: 1, max: 5_000_000 }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 4_000_000 }), fc.integer({ min: 1, max: 400_000_000 })), {
      maxLength: 8,
    }),
  )
  .map(([tail, parts]) => {
    let at = 1_700_000_000_000;
    const from = at;
    const idle = parts.map(([busy, rest]) => {
      const start = at + busy;
      at = start + rest;
      return { from: iso(start), to: iso(at) };
    });
    return { from, to: at + tail, busyMs: tail + parts.reduce((sum, [busy]) => sum + busy, 0), idle };
  });

test("times keep their order, start and end map to 0 and 1, and every time maps into that range", () => {
  fc.assert(
    fc.property(
      runs,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 20 }),
      (run, shares) => {
        const scale = makeScale(run);
        const times = shares.map((share) => run.from + share * (run.to - run.from)).sort((a, b) => a - b);
        const places = times.map(scale.at);
        assert.ok(places.every((place) => place >= 0 && place <= 1 + 1e-9));
        for (let i = 1; i < places.length; i++) assert.ok((places[i] ?? 0) >= (places[i - 1] ?? 0) - 1e-9);
        assert.ok(Math.abs(scale.at(run.from)) < 1e-9);
        assert.ok(Math.abs(scale.at(run.to) - 1) < 1e-6);
      },
    ),
  );
});

test("a wait of 26 hours between seconds of work is folded into a notch", () => {
  const from = Date.UTC(2026, 10, 19, 8);
  const hours = 26 * 3_600_000;
  const scale = makeScale({
    from,
    to: from + hours + 20_000,
    busyMs: 20_000,
    idle: [{ from: iso(from + 10_000), to: iso(from + 10_000 + hours) }],
  });
  assert.equal(scale.notches.length, 1);
  assert.ok(scale.at(from + 10_000) > 0.4, "ten seconds of work take nearly half of the axis");
  const whole = makeScale({ from, to: from + hours + 20_000, busyMs: 20_000, idle: [], isFolded: true });
  assert.ok(whole.at(from + 10_000) < 0.001);
});

test("many long idle periods leave at least two fifths of the axis for work", () => {
  const from = Date.UTC(2026, 10, 19);
  const idle = Array.from({ length: 40 }, (_, i) => ({
    from: iso(from + i * 4_000_000 + 1_000),
    to: iso(from + (i + 1) * 4_000_000),
  }));
  const scale = makeScale({ from, to: from + 40 * 4_000_000 + 1_000, busyMs: 41_000, idle });
  assert.ok(scale.notches.reduce((sum, notch) => sum + notch.width, 0) <= 0.6 + 1e-9);
});
