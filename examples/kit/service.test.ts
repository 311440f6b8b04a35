import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { z } from "zod";
import { Refusal, type Service, startService } from "./service.ts";
import { defineSystem } from "./system.ts";

const [till, tillSystem] = defineSystem("till", {
  pay: { request: z.object({ cents: z.int() }), answer: z.object({ receipt: z.string() }) },
});

async function within(work: (service: Service) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "baton-till-"));
  const service = await startService({
    shape: tillSystem,
    dataDir,
    tables: "",
    acts: {
      pay: ({ cents }) => {
        if (cents < 0) throw new Refusal(422, "less than nothing");
        return { id: `pay/${cents}`, answer: { receipt: `R-${cents}` } };
      },
    },
  });
  await work(service).finally(() => service.stop());
  rmSync(dataDir, { recursive: true });
}

const caller = (idempotencyKey: string, signal: AbortSignal = new AbortController().signal) => ({
  idempotencyKey,
  signal,
});

describe("a system of an example", () => {
  it("acts once for a key, and gives a repeat the first answer", () =>
    within(async (service) => {
      assert.deepEqual(await till.pay({ cents: 5 }, caller("a")), { receipt: "R-5" });
      assert.deepEqual(await till.pay({ cents: 5 }, caller("a")), { receipt: "R-5" });
      assert.deepEqual([service.acts().length, service.repeats().length], [1, 1]);
      await assert.rejects(till.pay({ cents: 6 }, caller("a")), {
        name: "NonRetryableError",
        message: /another request/,
      });
    }));

  it("refuses for good what is wrong, and for now what is broken", () =>
    within(async (service) => {
      await assert.rejects(till.pay({ cents: -1 }, caller("a")), { name: "NonRetryableError", message: /less than/ });
      await assert.rejects(till.pay({ cents: 0.5 }, caller("b")), { name: "NonRetryableError", message: /400/ });
      service.breakDown("pay", { mode: 503, times: 1 });
      await assert.rejects(till.pay({ cents: 1 }, caller("c")), { name: "SystemError", message: /503/ });
      await till.pay({ cents: 1 }, caller("c"));
      assert.equal(service.acts().length, 1);
    }));

  it("loses an answer after it has acted, and knows the repeat", () =>
    within(async (service) => {
      service.breakDown("pay", { mode: "lost", moment: "after", times: 1 });
      await assert.rejects(till.pay({ cents: 1 }, caller("a")), { name: "SystemError", message: /not reachable/ });
      assert.deepEqual(await till.pay({ cents: 1 }, caller("a")), { receipt: "R-1" });
      assert.equal(service.acts().length, 1);
    }));

  it("throws the signal's reason when the client gives up on one that hangs", () =>
    within(async (service) => {
      service.breakDown("pay", { mode: "hang" });
      await assert.rejects(till.pay({ cents: 1 }, caller("a", AbortSignal.timeout(20))), { name: "TimeoutError" });
      assert.equal(service.acts().length, 0);
    }));

  it("is broken and mended over HTTP", () =>
    within(async (service) => {
      const order = (body: unknown): Promise<Response> =>
        fetch(`${service.url}/control`, { method: "POST", body: JSON.stringify(body) });
      assert.equal((await order({ act: "pay", mode: 500 })).status, 200);
      await assert.rejects(till.pay({ cents: 1 }, caller("a")), /500/);
      assert.equal((await order({ mode: "ok" })).status, 200);
      await till.pay({ cents: 1 }, caller("a"));
      assert.equal((await order({ act: "no-such", mode: 500 })).status, 400);
      assert.equal((await order({ act: "pay", mode: "odd" })).status, 400);
    }));
});
