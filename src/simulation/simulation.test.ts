import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { poisonAmbient } from "./poison.ts";
import regressions from "./regressions.json" with { type: "json" };
import { simulate } from "./simulate.ts";

const seeds = 1_000;
/** One seed in a hundred runs twice: a simulator that does not repeat itself proves nothing. */
const twiceEvery = 100;

describe("simulation", () => {
  let restore = (): void => {};
  before(() => {
    restore = poisonAmbient();
  });
  after(() => restore());

  it(`${seeds} seeds break no invariant, and a seed runs the same twice`, async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const report = await simulate(seed);
      assert.deepEqual(report.violations, [], `npm run sim -- --seed ${seed}`);
      if (seed % twiceEvery === 0)
        assert.equal((await simulate(seed)).hash, report.hash, `seed ${seed} ran differently the second time`);
    }
  });

  it("seeds that failed before break no invariant", async () => {
    for (const seed of regressions)
      assert.deepEqual((await simulate(seed)).violations, [], `npm run sim -- --seed ${seed}`);
  });
});
