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

async function withService(work: (service: Service) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "baton-till-"));
  const service = await startService({
    shape: tillSystem,
    dataDir,
    tables: "",
    operations: {
      pay: ({ cents }) => {
        if (cents < 0) throw new Refusal(422, "negative amount");
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

describe("an example system", () => {
  it("performs an operation once per key and returns the first answer to a repeat", () =>
    withService(async (service) => {
      assert.deepEqual(await till.pay({ cents: 5 }, caller("a")), { receipt: "R-5" });
      assert.deepEqual(await till.pay({ cents: 5 }, caller("a")), { receipt: "R-5" });
      assert.deepEqual([service.operations().length, service.repeats().length], [1, 1]);
      await assert.rejects(till.pay({ cents: 6 }, caller("a")), {
        name: "NonRetryableError",
        message: /another request/,
      });
    }));

  it("returns a non-retryable error for a wrong request and a retryable one for an injected fault", () =>
    withService(async (service) => {
      await assert.rejects(till.pay({ cents: -1 }, caller("a")), {
        name: "NonRetryableError",
        message: /negative amount/,
      });
      await assert.rejects(till.pay({ cents: 0.5 }, caller("b")), { name: "NonRetryableError", message: /400/ });
      service.injectFault("pay", { mode: 503, times: 1 });
      await assert.rejects(till.pay({ cents: 1 }, caller("c")), { name: "SystemError", message: /503/ });
      await till.pay({ cents: 1 }, caller("c"));
      assert.equal(service.operations().length, 1);
    }));

  it("can lose an answer after it has performed the operation, and recognises the repeat", () =>
    withService(async (service) => {
      service.injectFault("pay", { mode: "lost", when: "after", times: 1 });
      await assert.rejects(till.pay({ cents: 1 }, caller("a")), { name: "SystemError", message: /not reachable/ });
      assert.deepEqual(await till.pay({ cents: 1 }, caller("a")), { receipt: "R-1" });
      assert.equal(service.operations().length, 1);
    }));

  it("throws the signal's reason if the client aborts a request that hangs", () =>
    withService(async (service) => {
      service.injectFault("pay", { mode: "hang" });
      await assert.rejects(till.pay({ cents: 1 }, caller("a", AbortSignal.timeout(20))), { name: "TimeoutError" });
      assert.equal(service.operations().length, 0);
    }));

  it("accepts and clears faults over HTTP", () =>
    withService(async (service) => {
      const control = (body: unknown): Promise<Response> =>
        fetch(`${service.url}/control`, { method: "POST", body: JSON.stringify(body) });
      assert.equal((await control({ operation: "pay", mode: 500 })).status, 200);
      await assert.rejects(till.pay({ cents: 1 }, caller("a")), /500/);
      assert.equal((await control({ mode: "ok" })).status, 200);
      await till.pay({ cents: 1 }, caller("a"));
      assert.equal((await control({ operation: "no-such", mode: 500 })).status, 400);
      assert.equal((await control({ operation: "pay", mode: "odd" })).status, 400);
    }));
});
