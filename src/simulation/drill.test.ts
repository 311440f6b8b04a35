import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import foundAt from "./drill.json" with { type: "json" };
import { mutants } from "./mutants.ts";
import { poisonAmbient } from "./poison.ts";
import { simulate } from "./simulate.ts";

/** A simulator that does not find a planted bug within 500 seeds is broken. */
const seedsMax = 500;

describe("drill of planted bugs", () => {
  let restore = (): void => {};
  before(() => {
    restore = poisonAmbient();
  });
  after(() => restore());

  for (const mutant of mutants) {
    it(`finds ${mutant.name}: ${mutant.about}`, async () => {
      // Try the seed of the last full drill (npm run sim -- --drill) first, then all seeds from 1.
      const known = (foundAt as Readonly<Record<string, number>>)[mutant.name];
      for (const seed of [known ?? 1, ...Array.from({ length: seedsMax }, (_, i) => i + 1)])
        if ((await simulate(seed, mutant)).violations.length > 0) return;
      assert.fail(`not found within ${seedsMax} seeds`);
    });
  }
});
