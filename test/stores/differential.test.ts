import { it } from "node:test";
import { compareStores } from "../../src/stores/conformance/differential.ts";
import { noPostgres } from "../postgres/server.ts";
import { openMemoryBench, openPostgresBench } from "./benches.ts";

/** For more seeds: `BATON_SEEDS=200 npm test -- test/stores/differential.test.ts`. */
const seeds = Number(process.env["BATON_SEEDS"] ?? 8);

if ((await noPostgres()) === false)
  for (let seed = 1; seed <= seeds; seed++) {
    it(`both stores return the same results for the same 120 random operations, seed ${seed}`, async () => {
      const [sqlite, postgres] = [await openMemoryBench(), await openPostgresBench()];
      try {
        await compareStores(sqlite, postgres, 120, drawFrom(seed));
      } finally {
        await sqlite.close();
        await postgres.close();
      }
    });
  }

/** Mulberry32. */
function drawFrom(seed: number): () => number {
  let state = (seed * 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
