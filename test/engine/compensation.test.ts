import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NonRetryableError, workflow } from "baton";
import { openTestBaton, type TestBaton } from "baton/testing";

/** A trip with three bookings, the last of which fails; the external systems keep what is booked. */
function setup(options: { onFailure?: "keep" | "compensate"; pivot?: boolean } = {}) {
  const booked = new Map<string, string>();
  const acts: string[] = [];
  const broken = { undo: "", pay: true };
  const book = (what: string, key: string): string => {
    booked.set(what, key);
    acts.push(`book ${what}`);
    return `${what}-1`;
  };
  const unbook = (id: string): void => {
    const what = id.slice(0, -2);
    if (broken.undo === what) throw new NonRetryableError(`${what} cannot be given back`);
    booked.delete(what);
    acts.push(`unbook ${what}`);
  };
  const trip = workflow({ name: "trip", onFailure: options.onFailure ?? "compensate" }, async (ctx) => {
    const hotel = await ctx.step("hotel", (attempt) => book("hotel", attempt.idempotencyKey), { undo: unbook });
    const car = await ctx.step("car", (attempt) => book("car", attempt.idempotencyKey), { undo: unbook });
    await ctx.step("mail", () => acts.push("mail"));
    if (options.pivot) await ctx.pointOfNoReturn("tickets printed");
    await ctx.step("pay", () => {
      if (broken.pay) throw new NonRetryableError("card refused");
      acts.push("pay");
    });
    return [hotel, car];
  });
  return { trip, booked, acts, broken };
}

async function within(definitions: Parameters<typeof openTestBaton>[0], work: (test: TestBaton) => Promise<void>) {
  const test = await openTestBaton(definitions);
  try {
    await work(test);
  } finally {
    await test.close();
  }
}

describe("compensation", () => {
  it("compensates completed steps in reverse order and leaves no dead letter", async () => {
    const { trip, booked, acts } = setup();
    await within({ definitions: [trip] }, async (test) => {
      const handle = await test.start(trip, null);
      await assert.rejects(handle.result(), /card refused/);
      assert.deepEqual(acts, ["book hotel", "book car", "mail", "unbook car", "unbook hotel"]);
      assert.equal(booked.size, 0);
      const { row } = await handle.detail();
      assert.equal(row.status, "failed");
      assert.deepEqual(row.reason, { code: "compensated", undone: ["car", "hotel"], error: "card refused" });
      assert.deepEqual(await test.baton.engine.store.query("deadGroups", { limit: 10 }), []);
      await assert.rejects(handle.resume(), /compensated/);
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    });
  });

  it("keeps completed steps by default and compensates them on request", async () => {
    const { trip, booked, acts } = setup({ onFailure: "keep" });
    await within({ definitions: [trip] }, async (test) => {
      const handle = await test.start(trip, null);
      await assert.rejects(handle.result(), /card refused/);
      assert.equal(booked.size, 2);
      await handle.compensate();
      assert.deepEqual(acts.slice(-2), ["unbook car", "unbook hotel"]);
      assert.equal((await handle.detail()).row.reason?.code, "compensated");
    });
  });

  it("compensates nothing after the point of no return; the failed run can be resumed", async () => {
    const { trip, booked, broken } = setup({ pivot: true });
    await within({ definitions: [trip] }, async (test) => {
      const handle = await test.start(trip, null);
      await assert.rejects(handle.result(), /card refused/);
      assert.equal(booked.size, 2);
      await assert.rejects(handle.compensate(), /point of no return "tickets printed"/);
      broken.pay = false;
      await handle.resume();
      assert.deepEqual(await handle.result(), ["hotel-1", "car-1"]);
    });
  });

  it("a failed undo makes a dead letter that lists the remaining steps and continues when resumed", async () => {
    const { trip, booked, acts, broken } = setup();
    broken.undo = "car";
    await within({ definitions: [trip] }, async (test) => {
      const handle = await test.start(trip, null);
      await assert.rejects(handle.result());
      assert.deepEqual((await handle.detail()).row.reason, {
        code: "compensation-failed",
        step: "car",
        error: "car cannot be given back",
        undone: [],
        left: ["car", "hotel"],
      });
      assert.equal(booked.size, 2, "steps before the failed one are unchanged");
      await handle.resume();
      assert.equal((await handle.detail()).row.reason?.code, "compensation-failed");
      broken.undo = "";
      await handle.resume();
      assert.equal((await handle.detail()).row.reason?.code, "compensated");
      assert.deepEqual(acts.slice(-2), ["unbook car", "unbook hotel"]);
      assert.equal(booked.size, 0);
    });
  });

  it("a dead letter with a failed undo only compensates further, also after a dismissal or an import", async () => {
    const { trip, acts, broken } = setup({ onFailure: "keep" });
    broken.undo = "hotel";
    await within({ definitions: [trip] }, async (test) => {
      const handle = await test.start(trip, null);
      await assert.rejects(handle.result());
      await handle.compensate();
      assert.equal((await handle.detail()).row.reason?.code, "compensation-failed");
      await handle.dismiss();
      const elsewhere = await openTestBaton({ definitions: [trip] });
      try {
        const copy = await elsewhere.load(await test.baton.export(handle.id));
        broken.undo = "";
        broken.pay = false;
        for (const each of [copy, handle]) {
          await assert.rejects(each.restart("pay"), /cannot be restarted/);
          acts.length = 0;
          await each.resume();
          assert.deepEqual(acts, ["unbook hotel"]);
          assert.equal((await each.detail()).row.reason?.code, "compensated");
        }
        const undone = await elsewhere.load(await test.baton.export(handle.id));
        await undone.resume();
        assert.equal((await undone.detail()).row.reason?.code, "compensated");
        assert.ok(!acts.includes("pay"));
        assert.deepEqual(await elsewhere.baton.engine.store.query("violations", {}), []);
      } finally {
        await elsewhere.close();
      }
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    });
  });

  it("a resumed parent gets a new child after a compensated one, and keeps a dismissed one", async () => {
    const acts: string[] = [];
    let isBroken = true;
    for (const onFailure of ["compensate", "keep"] as const) {
      acts.length = 0;
      isBroken = true;
      const child = workflow({ name: "child", onFailure }, async (ctx) => {
        await ctx.step("a", () => acts.push("a"), { undo: () => acts.push("undo a") });
        await ctx.step("b", () => {
          if (isBroken) throw new NonRetryableError("not yet");
        });
      });
      const parent = workflow({ name: "parent" }, async (ctx) => {
        await ctx.call(child, null);
        return "fine";
      });
      await within({ definitions: [child, parent] }, async (test) => {
        const handle = await test.start(parent, null);
        await assert.rejects(handle.result(), /not yet/);
        const [started] = (await handle.detail()).children;
        const dismissal = { verb: "dismiss", actor: "test", why: null } as const;
        if (onFailure === "keep") await test.baton.engine.intervene(started?.id ?? "", dismissal);
        isBroken = false;
        await handle.resume();
        assert.equal(await handle.result(), "fine");
        assert.deepEqual(acts, onFailure === "keep" ? ["a"] : ["a", "undo a", "a"]);
        assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
      });
    }
  });

  it("accepts complete-step for an undo that was done by hand", async () => {
    const { trip, booked, broken } = setup();
    broken.undo = "car";
    await within({ definitions: [trip] }, async (test) => {
      const handle = await test.start(trip, null);
      await assert.rejects(handle.result());
      await handle.completeStep({ output: null });
      assert.deepEqual((await handle.detail()).row.reason, {
        code: "compensated",
        undone: ["car", "hotel"],
        error: "card refused",
      });
      assert.deepEqual([...booked.keys()], ["car"], "the car was given back by telephone");
    });
  });

  it("retries an undo by its own policy", async () => {
    let tries = 0;
    const shaky = workflow({ name: "shaky", onFailure: "compensate", retry: { attempts: 1 } }, async (ctx) => {
      await ctx.step("a", () => 1, {
        undo: {
          work: () => {
            tries += 1;
            if (tries < 4) throw new Error("503");
          },
          retry: { attempts: 4, first: "10s", backoff: "constant", jitter: 0 },
        },
      });
      throw new Error("broken");
    });
    await within({ definitions: [shaky] }, async (test) => {
      const handle = await test.start(shaky, null);
      await test.settle();
      const { row } = await handle.detail();
      assert.equal(row.status, "compensating");
      assert.equal(row.reason?.code, "retry");
      await test.advance("40s");
      assert.equal((await handle.detail()).row.reason?.code, "compensated");
      assert.equal(tries, 4);
    });
  });

  it("a cancel with compensation stops the running step, compensates the others, and ends as cancelled", async () => {
    const acts: string[] = [];
    const slow = workflow({ name: "slow" }, async (ctx) => {
      await ctx.step("a", () => acts.push("a"), { undo: () => acts.push("undo a") });
      await ctx.waitForEvent("never");
    });
    await within({ definitions: [slow] }, async (test) => {
      const handle = await test.start(slow, null);
      await test.settle();
      await handle.cancel({ compensate: true });
      await test.advance("5s");
      const { row } = await handle.detail();
      assert.equal(row.status, "cancelled");
      assert.equal(row.reason?.code, "compensated");
      assert.deepEqual(acts, ["a", "undo a"]);
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    });
  });

  it("calls the undo of a running step with an unknown outcome", async () => {
    const seen: string[] = [];
    const stuck = workflow({ name: "stuck" }, async (ctx) => {
      await ctx.step("charge", () => new Promise(() => {}), {
        undo: (result, attempt) => seen.push(`${attempt.outcome} ${String(result)} ${attempt.stepIdempotencyKey}`),
      });
    });
    await within({ definitions: [stuck] }, async (test) => {
      const handle = await test.start(stuck, null);
      await test.settle();
      await handle.cancel({ compensate: true });
      await test.advance("10s");
      assert.equal((await handle.detail()).row.status, "cancelled");
      assert.deepEqual(seen, [`unknown undefined ${handle.id}:charge`]);
    });
  });

  it("needs a person for an unknown outcome that the undo does not handle", async () => {
    const stuck = workflow({ name: "stuck" }, async (ctx) => {
      await ctx.step("charge", () => new Promise(() => {}), { undo: () => assert.fail("must not be called") });
    });
    await within({ definitions: [stuck] }, async (test) => {
      const handle = await test.start(stuck, null);
      await test.settle();
      await handle.cancel({ compensate: true });
      await test.advance("10s");
      const { row } = await handle.detail();
      assert.deepEqual([row.status, row.reason], ["suspended", { code: "unknown-undo", step: "charge" }]);
      await handle.completeStep({ output: null });
      assert.equal((await handle.detail()).row.status, "cancelled");
    });
  });

  it("cancels children first and waits until they have ended", async () => {
    const acts: string[] = [];
    const child = workflow({ name: "child" }, async (ctx) => {
      await ctx.waitForEvent("never");
    });
    const parent = workflow({ name: "parent", onFailure: "compensate" }, async (ctx) => {
      await ctx.step("a", () => acts.push("a"), { undo: () => acts.push("undo a") });
      const called = ctx.call(child, null);
      await ctx.sleep("nap", "1m");
      await ctx.step("b", () => {
        throw new NonRetryableError("no");
      });
      await called;
    });
    await within({ definitions: [child, parent] }, async (test) => {
      const handle = await test.start(parent, null);
      await test.advance("2m");
      assert.equal((await handle.detail()).row.reason?.code, "compensated");
      assert.equal((await test.baton.runs({ name: "child" }))[0]?.status, "cancelled");
      assert.deepEqual(acts, ["a", "undo a"]);
    });
  });

  it("has the same result after a crash at any store operation", async () => {
    const plain = setup();
    let operations = 0;
    await within({ definitions: [plain.trip] }, async (test) => {
      await assert.rejects((await test.start(plain.trip, null)).result());
      operations = test.operations;
    });
    for (const side of ["before", "after"] as const) {
      for (let operation = 3; operation <= operations; operation++) {
        const { trip, booked, acts } = setup();
        await within({ definitions: [trip] }, async (test) => {
          const handle = await test.start(trip, null);
          test.crashAt(operation, side);
          await assert.rejects(handle.result(), /card refused/);
          const { row, entries } = await handle.detail();
          const where = `killed ${side} operation ${operation}`;
          assert.equal(row.reason?.code, "compensated", where);
          assert.equal(booked.size, 0, where);
          const undos = entries.filter((entry) => entry.kind === "undo").map((entry) => entry.key);
          assert.deepEqual(undos, ["undo:car", "undo:hotel"], where);
          assert.ok(acts.filter((act) => act === "unbook car").length <= 2, where);
          assert.deepEqual(await test.baton.engine.store.query("violations", {}), [], where);
        });
      }
    }
  });
});

describe("actions on a stopped run", () => {
  it("complete-step supplies an output and the step does not run", async () => {
    const acts: string[] = [];
    const order = workflow({ name: "order" }, async (ctx) => {
      const stock = await ctx.step("reserve", (): string => {
        acts.push("reserve");
        throw new NonRetryableError("warehouse is down");
      });
      return ctx.step("ship", () => `shipped from ${stock}`);
    });
    await within({ definitions: [order] }, async (test) => {
      const handle = await test.start(order, null);
      await assert.rejects(handle.result());
      await handle.completeStep({ step: "reserve", output: "shelf 7" });
      assert.equal(await handle.result(), "shipped from shelf 7");
      assert.deepEqual(acts, ["reserve"]);
      await assert.rejects(handle.completeStep({ step: "ship", output: 1 }), /completed/);
    });
  });

  it("complete-step ends an event wait with the given output", async () => {
    const waiter = workflow({ name: "waiter" }, async (ctx) => ctx.waitForEvent("go"));
    await within({ definitions: [waiter] }, async (test) => {
      const handle = await test.start(waiter, null);
      await test.settle();
      await handle.completeStep({ output: { by: "hand" } });
      assert.deepEqual(await handle.result(), { by: "hand" });
      await assert.rejects(handle.completeStep({ step: "nothing", output: 1 }), /completed/);
    });
  });

  it("refuses an unknown step", async () => {
    const waiter = workflow({ name: "waiter" }, async (ctx) => ctx.waitForEvent("go"));
    await within({ definitions: [waiter] }, async (test) => {
      const handle = await test.start(waiter, null);
      await test.settle();
      await assert.rejects(handle.completeStep({ step: "nothing", output: 1 }), /has no step/);
    });
  });

  it("dismiss removes a dead letter from the list; it can still be resumed", async () => {
    const { trip, broken } = setup({ onFailure: "keep" });
    await within({ definitions: [trip] }, async (test) => {
      const handle = await test.start(trip, null);
      await assert.rejects(handle.result());
      await handle.dismiss();
      assert.deepEqual(await test.baton.engine.store.query("deadGroups", { limit: 10 }), []);
      assert.equal((await handle.detail()).row.reason?.code, "dismissed");
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
      await assert.rejects(handle.dismiss(), /cannot be dismissed/);
      broken.pay = false;
      await handle.resume();
      assert.deepEqual(await handle.result(), ["hotel-1", "car-1"]);
    });
  });

  it("a delayed run that is suspended and resumed early starts at its time", async () => {
    const late = workflow({ name: "late" }, async (ctx) => ctx.step("now", () => 1).then(() => ctx.now()));
    await within({ definitions: [late] }, async (test) => {
      const startedAt = test.clock.now();
      const [plain, stopped] = [
        await test.start(late, null, { after: "1h" }),
        await test.start(late, null, { after: "1h" }),
      ];
      await test.advance("10m");
      await plain.suspend();
      await stopped.suspend({ stopClocks: true });
      await test.advance("10m");
      await plain.resume();
      await stopped.resume();
      assert.equal(await plain.status(), "pending");
      assert.equal(await plain.result(), startedAt + 3_600_000);
      assert.equal(await stopped.result(), startedAt + 4_200_000);
      assert.deepEqual(await test.baton.engine.store.query("violations", {}), []);
    });
  });

  it("a suspend with stopped clocks delays timers by its duration; otherwise they continue", async () => {
    const sleeper = workflow({ name: "sleeper" }, async (ctx) => {
      await ctx.sleep("nap", "1h");
      return ctx.now();
    });
    await within({ definitions: [sleeper] }, async (test) => {
      const [stopped, plain] = [await test.start(sleeper, null), await test.start(sleeper, null)];
      const startedAt = test.clock.now();
      await test.advance("10m");
      await stopped.suspend({ stopClocks: true });
      await plain.suspend();
      await test.advance("2h");
      await stopped.resume();
      await plain.resume();
      await test.advance("1s");
      assert.equal(await plain.status(), "completed");
      assert.equal(await stopped.status(), "waiting");
      assert.ok((await stopped.result()) >= startedAt + 3 * 3_600_000);
    });
  });
});
