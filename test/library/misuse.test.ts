import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type OpenOptions, openBaton, workflow } from "baton";

const folder = mkdtempSync(join(tmpdir(), "baton-misuse-"));
after(() => rmSync(folder, { recursive: true }));

const good = workflow({ name: "good" }, (ctx) => ctx.step("one", () => 1));
const bad = workflow({ name: "bad" }, () => Promise.reject(new Error("dead")));
const nap = workflow({ name: "nap" }, (ctx) => ctx.sleep("long", "1h"));

function options(store: string): OpenOptions {
  return { store: `sqlite:${join(folder, store)}`, definitions: [good, bad, nap] };
}

describe("misuse", () => {
  it("listeners and loggers that throw affect neither runs nor each other", async () => {
    const logger = {
      log: (): never => {
        throw new Error("the logger is broken");
      },
    };
    await using stack = new AsyncDisposableStack();
    const baton = await openBaton({ ...options("listeners.db"), logger });
    stack.defer(() => baton.close());
    const deadLetters: string[] = [];
    baton.onDeadLetter(() => {
      throw new Error("the first listener is broken");
    });
    baton.onDeadLetter(() => Promise.reject(new Error("the second one later")));
    baton.onDeadLetter((letter) => deadLetters.push(letter.run));
    const handle = await baton.start(bad, null);
    await assert.rejects(handle.result(), { code: "run-failed" });
    assert.deepEqual(deadLetters, [handle.id]);
    assert.equal(await (await baton.start(good, null)).result(), 1);
  });

  it("invalid definitions, limits and events are refused", async () => {
    await assert.rejects(openBaton({ ...options("wrong.db"), definitions: [{} as never] }), { code: "invalid-option" });
    await using stack = new AsyncDisposableStack();
    const baton = await openBaton(options("wrong.db"));
    stack.defer(() => baton.close());
    for (const limit of [0, -1, 1.5, Number.NaN])
      await assert.rejects(baton.runs({ limit }), { code: "invalid-option" }, String(limit));
    for (const event of [{ name: 5 }, { name: "" }, { name: "e", id: 5 }, { name: "e", source: "x".repeat(513) }, {}])
      await assert.rejects(baton.emit(event as never), { code: "invalid-event" }, JSON.stringify(event));
    await assert.rejects(openBaton({ store: `sqlite:${folder}` }), { code: "unavailable", message: /is not a file/ });
  });

  it("a store file that was deleted while open accepts no more writes", async () => {
    await using stack = new AsyncDisposableStack();
    const baton = await openBaton(options("deleted.db"));
    stack.defer(() => baton.close({ graceMs: 0 }));
    await baton.start(nap, null);
    rmSync(join(folder, "deleted.db"));
    const lost = { code: "unavailable", message: /deleted or replaced/ };
    await assert.rejects(baton.start(good, null), lost);
    await assert.rejects(baton.emit({ name: "something" }), lost);
  });

  it("a second close waits for the first, and later calls are refused", async () => {
    const baton = await openBaton(options("closed.db"));
    const handle = await baton.start(nap, null);
    await Promise.all([baton.close(), baton.close()]);
    await baton.close();
    const calls: (() => Promise<unknown>)[] = [
      () => baton.start(good, null),
      () => baton.startMany(good, [{ input: null }]),
      () => baton.emit({ name: "something" }),
      () => baton.get(handle.id),
      () => baton.runs(),
      () => handle.status(),
      () => handle.result(),
      () => handle.cancel(),
    ];
    for (const call of calls) await assert.rejects(call(), { code: "unavailable", message: "the store is closed" });
  });
});
