import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { on, workflow } from "baton";
import { openTestBaton } from "baton/testing";
import { eventStartKey } from "../../src/kernel/engine/routing.ts";

describe("keys made of parts", () => {
  it("start one run for each event, whatever characters its source and id contain", async () => {
    const started = workflow<unknown>({ name: "started", on: on.event("go") }, (_ctx, data) => data);
    const test = await openTestBaton({ definitions: [started] });
    const long = "x".repeat(511);
    const events = [
      ["a", "b/c"],
      ["a/b", "c"],
      ["api", `${long}1`],
      ["api", `${long}2`],
      ["1:a", "b"],
    ] as const;
    for (const [source, id] of events) {
      assert.equal((await test.emit({ name: "go", source, id, data: `${source} ${id}` })).matched, 1);
      assert.equal((await test.emit({ name: "go", source, id, data: `${source} ${id}` })).isDuplicate, true);
    }
    await test.settle();
    const runs = await test.baton.runs();
    assert.deepEqual(new Set(runs.map((run) => run.status)), new Set(["completed"]));
    assert.equal(runs.length, events.length);
    await test.close();
  });

  it("of a caller do not claim the start of an event or a scheduled time", async () => {
    const started = workflow<unknown>({ name: "started", on: on.event("go") }, (_ctx, data) => data);
    const test = await openTestBaton({ definitions: [started] });
    const key = eventStartKey("api", "1");
    const own = await test.start(started, "mine", { idempotencyKey: key });
    assert.equal((await test.emit({ name: "go", id: "1", data: "the event's" })).matched, 1);
    assert.equal((await test.start(started, "mine", { idempotencyKey: key })).id, own.id);
    await assert.rejects(test.start(started, "other", { idempotencyKey: key }), {
      code: "key-conflict",
      message: `the idempotency key "${key}" was already used to start started with a different input`,
    });
    assert.equal((await test.baton.runs()).length, 2);
    await test.close();
  });

  it("refuse an event whose source and id are too long for an index entry", async () => {
    const test = await openTestBaton({ definitions: [] });
    const id = "\u{1F680}".repeat(250);
    await assert.rejects(test.emit({ name: "go", source: id, id }), { code: "invalid-event", message: /2000 bytes/ });
    await test.close();
  });

  it("name one schedule, whatever slashes its workflow and its name contain", async () => {
    const make = (name: string, schedule: string) =>
      workflow({ name, on: on.schedule({ name: schedule, every: "1h" }) }, () => null);
    const test = await openTestBaton({ definitions: [make("a", "b/c"), make("a/b", "c"), make("plain", "nightly")] });
    const { schedules } = test.baton;
    const idOf = async (id: string) => {
      const { definition, name } = await schedules.get(id);
      return [definition, name];
    };
    assert.deepEqual(await idOf("a/b%2Fc"), ["a", "b/c"]);
    assert.deepEqual(await idOf("a%2Fb/c"), ["a/b", "c"]);
    assert.deepEqual(await idOf("plain/nightly"), ["plain", "nightly"]);
    await assert.rejects(schedules.get("a/b/c"), { code: "not-found" });
    await test.close();
  });
});
