import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaults } from "../../kernel/model/limits.ts";
import type { RoutingOutcome, RoutingTry } from "../../kernel/model/routing.ts";
import type { RouteOutcome } from "../../kernel/model/transition.ts";
import type { EventRow } from "../../kernel/ports/queries.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { newStart } from "./new-start.ts";
import type { Bench } from "./suite.ts";

const leaseMs = 3_000;
const audit = { actor: "test", verb: "retry-event", why: "fixed" };

interface RoutingBench extends Bench {
  readonly worker: number;
  /** Stores an event, with its first try if a worker is given. Returns its number and the try. */
  accept(id: string, triedBy?: number): Promise<{ no: number; try: RoutingTry | null }>;
  begin(no: number, worker: number, seen: number, store?: Store): Promise<RoutingOutcome>;
  route(no: number, by: RoutingTry | null, store?: Store): Promise<RouteOutcome>;
  row(no: number): Promise<EventRow>;
  routable(worker: number, triesMin?: number): Promise<readonly number[]>;
  join(): Promise<number>;
  /** Lets the leases of all workers expire. */
  expire(): void;
}

function toBench(bench: Bench, worker: number): RoutingBench {
  const { store } = bench;
  return {
    ...bench,
    worker,
    accept: async (id, triedBy) => {
      const outcome = await store.commit({
        kind: "event",
        event: { name: "go", data: '{"n":1}', source: "test", id },
        isRouted: false,
        ...(triedBy === undefined ? {} : { triedBy }),
        starts: [],
        refused: [],
      });
      return { no: outcome.event, try: outcome.try };
    },
    begin: (no, by, seen, through = store) => through.commit({ kind: "try-event", event: no, worker: by, seen }),
    route: (no, by, through = store) => {
      const starts = [newStart({ idempotencyKey: `event ${no}` })];
      return through.commit({ kind: "route", event: no, ...(by === null ? {} : { try: by }), starts, refused: [] });
    },
    row: async (no) => {
      const row = await store.query("event", { no });
      assert.ok(row);
      return row;
    },
    routable: async (by, triesMin = 0) =>
      (await store.query("routable", { worker: by, triesMin, after: 0, limit: 10 })).map(({ no }) => no),
    join: async () => (await store.join({ name: "another", leaseMs })).incarnation,
    expire: () => bench.advance(leaseMs + 1),
  };
}

/** What every store guarantees for routing tries. */
export function describeRouting(name: string, open: () => Promise<Bench>): void {
  describe(`routing tries, ${name}`, () => {
    const test = (title: string, body: (bench: RoutingBench) => Promise<void>): void => {
      it(title, async () => {
        const bench = await open();
        try {
          const { incarnation } = await bench.store.join({ name: "w1", leaseMs });
          await body(toBench(bench, incarnation));
          assert.deepEqual(await bench.store.query("violations", {}), [], "no invariant is violated");
        } finally {
          await bench.close();
        }
      });
    };

    test("stores an event with its first try, which only its worker may end", async ({
      accept,
      route,
      row,
      worker,
    }) => {
      const event = await accept("a", worker);
      assert.deepEqual(event.try, { number: 1, worker });
      assert.deepEqual(await route(event.no, { number: 1, worker: worker + 1 }), { ok: false, why: "stale" });
      assert.deepEqual(await route(event.no, { number: 2, worker }), { ok: false, why: "stale" });
      assert.deepEqual(await route(event.no, null), { ok: false, why: "stale" });
      const outcome = await route(event.no, event.try);
      assert.ok(outcome.ok && outcome.matched === 1 && !outcome.isDuplicate);
      const { isRouted, isHeld, tries, matched } = await row(event.no);
      assert.deepEqual({ isRouted, isHeld, tries, matched }, { isRouted: true, isHeld: false, tries: 1, matched: 1 });
      const again = await route(event.no, event.try);
      assert.ok(again.ok && again.isDuplicate && again.matched === 1, "a repeated result has no effect");
    });

    test("stores an event without a try for a worker that is dead", async ({
      accept,
      routable,
      join,
      expire,
      worker,
    }) => {
      expire();
      const other = await join();
      const event = await accept("a", worker);
      assert.equal(event.try, null);
      assert.deepEqual(await routable(other), [event.no]);
    });

    test("answers a duplicate without a try", async ({ accept, worker }) => {
      const first = await accept("a", worker);
      assert.deepEqual(await accept("a", worker), { no: first.no, try: null });
    });

    test("refuses a second try while the worker of the first is alive, however long it takes", async (bench) => {
      const { accept, begin, routable, join, store, other, worker, advance } = bench;
      const event = await accept("a", worker);
      const second = await join();
      for (let i = 0; i < 5; i++) {
        advance(2_000);
        for (const each of [worker, second]) await store.beat({ incarnation: each, leaseMs });
        assert.deepEqual(await routable(second), []);
        assert.deepEqual(await begin(event.no, second, 1, other), { ok: false, why: "stale" });
      }
    });

    test("gives the next try to one of two workers when the lease of the first has expired", async (bench) => {
      const { accept, begin, routable, row, join, store, other, worker, expire } = bench;
      const event = await accept("a", worker);
      expire();
      const [second, third] = [await join(), await join()];
      assert.deepEqual(await routable(second, 1), [event.no]);
      const outcomes = await Promise.all([begin(event.no, second, 1, store), begin(event.no, third, 1, other)]);
      assert.deepEqual(outcomes.map((outcome) => outcome.ok).sort(), [false, true]);
      const { tries, tryError } = await row(event.no);
      assert.equal(tries, 2, "counted once");
      assert.match(tryError ?? "", /\(w1\) ended or stopped responding/);
    });

    test("refuses the late result of a worker whose try was taken over", async (bench) => {
      const { accept, begin, route, row, join, worker, expire } = bench;
      const event = await accept("a", worker);
      expire();
      const second = await join();
      await begin(event.no, second, 1);
      assert.deepEqual(await route(event.no, event.try), { ok: false, why: "stale" });
      assert.equal((await row(event.no)).matched, 0);
      const outcome = await route(event.no, { number: 2, worker: second });
      assert.ok(outcome.ok && outcome.matched === 1);
      const late = await route(event.no, event.try);
      assert.ok(late.ok && late.isDuplicate, "after the result it has no effect");
      assert.equal((await row(event.no)).matched, 1);
    });

    test("continues a try whose answer was lost without counting another", async ({ accept, begin, row, worker }) => {
      const event = await accept("a");
      const first = await begin(event.no, worker, 0);
      const again = await begin(event.no, worker, 1);
      assert.ok(first.ok && again.ok && first.routing === "trying" && again.routing === "trying");
      assert.deepEqual(again.try, first.try);
      assert.equal((await row(event.no)).tries, 1);
    });

    test("holds an event after its last try, and passes it to no worker", async (bench) => {
      const { accept, begin, route, row, routable, join, store, worker, expire } = bench;
      const event = await accept("a", worker);
      let last = event.try;
      for (let tries = 1; tries < defaults.routing.triesMax; tries++) {
        expire();
        const next = await join();
        const outcome = await begin(event.no, next, tries);
        assert.ok(outcome.ok && outcome.routing === "trying");
        last = outcome.try;
      }
      expire();
      const witness = await join();
      const outcome = await begin(event.no, witness, defaults.routing.triesMax);
      assert.ok(outcome.ok && outcome.routing === "held");
      const { isHeld, isRouted, tries } = await row(event.no);
      assert.deepEqual(
        { isHeld, isRouted, tries },
        { isHeld: true, isRouted: false, tries: defaults.routing.triesMax },
      );
      assert.deepEqual(await routable(witness), []);
      assert.deepEqual(await store.query("unrouted", { limit: 10 }), []);
      assert.deepEqual(
        (await store.query("heldEvents", { name: null, before: null, limit: 10 })).map(({ no }) => no),
        [event.no],
      );
      assert.deepEqual(await route(event.no, last), { ok: false, why: "stale" }, "a held event starts nothing");
      assert.equal((await row(event.no)).matched, 0);
      const { events } = await store.query("sizes", {});
      assert.equal(events.count, 1);
    });

    test("reads past a hundred held events and those that wait for a try", async (bench) => {
      const { accept, begin, routable, store, worker } = bench;
      for (let i = 0; i < 105; i++) {
        const { no } = await accept(`bad ${i}`, worker);
        for (let number = 1; number <= defaults.routing.triesMax; number++) {
          const by = { number, worker };
          const ended = await store.commit({ kind: "end-try", event: no, try: by, why: "killed" });
          assert.ok(ended.ok);
          if (ended.routing === "waiting") await begin(no, worker, number);
        }
      }
      const good = await accept("good");
      assert.deepEqual(await routable(worker), [good.no]);
      assert.deepEqual(
        (await store.query("unrouted", { limit: 1 })).map(({ no }) => no),
        [good.no],
      );
    });

    test("ends a try without a result, and holds the event after the last one", async (bench) => {
      const { accept, begin, row, store, worker } = bench;
      const event = await accept("a", worker);
      assert.ok(event.try);
      const end = (number: number): Promise<RoutingOutcome> =>
        store.commit({ kind: "end-try", event: event.no, try: { number, worker }, why: `try ${number}` });
      assert.ok((await end(1)).ok);
      assert.deepEqual(await end(1), { ok: false, why: "stale" }, "once");
      await begin(event.no, worker, 1);
      assert.ok((await end(2)).ok);
      await begin(event.no, worker, 2);
      const last = await end(3);
      assert.ok(last.ok && last.routing === "held");
      assert.equal((await row(event.no)).tryError, "try 3");
    });

    test("takes the tries of a worker that stops back", async ({ accept, row, routable, join, store, worker }) => {
      const event = await accept("a", worker);
      await store.leave({ incarnation: worker });
      assert.equal((await row(event.no)).tries, 0);
      assert.deepEqual(await routable(await join()), [event.no]);
    });

    test("routes a held event again, alone and audited, and no other", async (bench) => {
      const { accept, begin, row, routable, store, worker } = bench;
      const event = await accept("a", worker);
      const retry = (): Promise<RoutingOutcome> => store.commit({ kind: "retry-event", event: event.no, audit });
      assert.deepEqual(await retry(), { ok: false, why: "stale" });
      for (let number = 1; number <= defaults.routing.triesMax; number++) {
        if (number > 1) await begin(event.no, worker, number - 1);
        await store.commit({ kind: "end-try", event: event.no, try: { number, worker }, why: "killed" });
      }
      assert.equal((await row(event.no)).isHeld, true);
      assert.ok((await retry()).ok);
      assert.deepEqual(await routable(worker, 1), [event.no]);
      assert.equal((await row(event.no)).tries, 1);
      const [entry] = await store.query("audit", { run: null, before: null, limit: 1 });
      assert.deepEqual([entry?.verb, entry?.actor, entry?.why], ["retry-event", "test", "fixed"]);
      assert.deepEqual(JSON.parse(entry?.detail ?? ""), { event: event.no, source: "test", id: "a" });
    });

    test("keeps a held event as long as a failed run", async ({ accept, begin, advance, store, worker }) => {
      const { no } = await accept("a", worker);
      for (let number = 1; number <= defaults.routing.triesMax; number++) {
        if (number > 1) await begin(no, worker, number - 1);
        await store.commit({ kind: "end-try", event: no, try: { number, worker }, why: "killed" });
      }
      advance(10_000);
      const ages = { completedMs: 1_000, eventMs: 1_000, limit: 10 };
      assert.equal((await store.sweep({ ...ages, failedMs: 60_000 })).events, 0);
      assert.equal((await store.sweep({ ...ages, failedMs: 5_000 })).events, 1);
      assert.equal(await store.query("event", { no }), null);
    });
  });
}
