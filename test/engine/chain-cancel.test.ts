import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Baton, openBaton, workflow } from "baton";
import { freshSchema, noPostgres } from "../postgres/server.ts";

/** More by hand: BATON_ROUNDS=200 npm test -- test/engine/chain-cancel.test.ts */
const rounds = Number(process.env["BATON_ROUNDS"] ?? 12);
const limitMs = 1_000;

/** Continues as fast as it can. */
const loop = workflow<number>({ name: "loop" }, async (ctx, n) => {
  await ctx.step("round", () => n);
  return ctx.continueAsNew(n + 1);
});

const stores: Readonly<Record<string, (after: (end: () => unknown) => void) => Promise<string>>> = {
  sqlite: async (after) => {
    const folder = mkdtempSync(join(tmpdir(), "baton-chain-"));
    after(() => rmSync(folder, { recursive: true }));
    return `sqlite:${join(folder, "store.db")}`;
  },
};
if ((await noPostgres()) === false)
  Object.assign(stores, {
    postgres: async (after: (end: () => unknown) => void) =>
      (await freshSchema({ after: (end) => after(end as never) })).url,
  });

/** The id by which a person may know the chain. */
async function idOf(baton: Baton, first: string, key: string, which: number): Promise<string> {
  if (which === 0) return first;
  const parts = await baton.runs({ key, limit: 200 });
  return (which === 1 ? parts[0] : parts[Math.floor(parts.length / 2)])?.id ?? first;
}

describe("a loop that continues at full speed", () => {
  for (const [name, make] of Object.entries(stores)) {
    it(`is cancelled by the id of its first, newest or any run on ${name}`, async (context) => {
      const baton = await openBaton({ store: await make((end) => context.after(end as never)), definitions: [loop] });
      const late: string[] = [];
      try {
        for (let n = 0; n < rounds; n++) {
          const first = await baton.start(loop, 0, { key: `loop ${n}` });
          await new Promise((resolve) => setTimeout(resolve, 20 + ((n * 37) % 90)));
          const handle = await baton.get(await idOf(baton, first.id, `loop ${n}`, n % 3));
          const begun = performance.now();
          await handle.cancel();
          await assert.rejects(first.result({ timeoutMs: 10_000 }), { status: "cancelled" }, `round ${n}`);
          const tookMs = performance.now() - begun;
          if (tookMs > limitMs) late.push(`round ${n}: ${Math.round(tookMs)} ms`);
        }
        const open = (await baton.runs({ name: "loop", limit: 200 })).filter(({ endedAt }) => endedAt === null);
        assert.deepEqual(open, [], "none goes on");
        assert.equal(
          (await baton.runs({ name: "loop", status: "cancelled", limit: 200 })).length,
          Math.min(200, rounds),
        );
        // Times are not checked by default: a busy machine may be late.
        if (process.env["BATON_ROUNDS"] !== undefined) assert.deepEqual(late, []);
      } finally {
        await baton.close();
      }
    });
  }
});
