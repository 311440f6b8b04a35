import assert from "node:assert/strict";
import type { Entry, Request } from "../../kernel/model/journal.ts";
import type { LeasedRun } from "../../kernel/model/run.ts";
import type { StartRun } from "../../kernel/model/start-run.ts";
import type { Advance, Idle, Next, WaitOpening } from "../../kernel/model/transition.ts";
import type { RunFilter } from "../../kernel/ports/queries.ts";
import type { Bench } from "./suite.ts";

/** Returns a number from 0 to below 1 on each call. The same seed gives the same numbers. */
export type Draw = () => number;

const leaseMs = 3_000;
const definitions = ["order", "invoice"] as const;

/** One of the stores, with its own numbers for what both know by the same names. */
interface Side {
  readonly bench: Bench;
  readonly workers: number[];
  readonly numbers: Map<string, number>;
  readonly held: Map<string, LeasedRun>;
}

/**
 * Executes the same random operations on two stores and compares every result. Numbers of runs, events and workers may
 * differ; everything else must be equal, in the same order.
 */
export async function compareStores(a: Bench, b: Bench, count: number, draw: Draw): Promise<void> {
  const sides: readonly Side[] = [a, b].map((bench) => ({
    bench,
    workers: [],
    numbers: new Map(),
    held: new Map(),
  }));
  const both = async (what: string, act: (side: Side) => Promise<unknown>): Promise<void> => {
    const answers: unknown[] = [];
    for (const side of sides) answers.push(await act(side).catch((error: unknown) => ({ threw: messageOf(error) })));
    // Compared as JSON, because each driver has its own row prototypes.
    const [expected, actual] = answers.map((answer) => JSON.parse(JSON.stringify(answer ?? null)) as unknown);
    assert.deepEqual(actual, expected, what);
  };
  for (let i = 0; i < 2; i++) await both("join", joinWorker);
  const world = new World(sides[0] as Side, draw);
  for (let i = 0; i < count; i++) {
    const { name, act } = world.next(i);
    await both(`operation ${i}: ${name}`, act);
    if (i % 10 === 9) for (const [name, check] of checks) await both(`after operation ${i}: ${name}`, check);
  }
  for (const [name, check] of checks) await both(`at the end: ${name}`, check);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function joinWorker({ bench, workers }: Side): Promise<unknown> {
  const { incarnation, now } = await bench.store.join({ name: `w${workers.length}`, leaseMs });
  workers.push(incarnation);
  return now;
}

type Check = readonly [name: string, check: (side: Side) => Promise<unknown>];

const runFilters: readonly (readonly [string, Partial<RunFilter>])[] = [
  ["by definition", { definition: "order" }],
  ["by version", { definition: "order", version: 1 }],
  ["that wait", { status: "waiting" }],
  ["that failed", { status: "failed" }],
  ["that are cancelled", { status: "cancelled", definition: "invoice" }],
  ["of a key", { key: "deal:1" }],
  ["of text in a key", { text: "EAL:2" }],
  ["of text of an id", { text: "run_0000001" }],
  ["of words of an error", { text: "such account" }],
  ["with % in the text", { text: "%" }],
  ["of an attribute", { attribute: { name: "region", value: "north" } }],
  ["of a cause", { fingerprint: "f1" }],
  ["of a time", { createdFrom: Date.UTC(2026, 0, 1) + 1_000, createdTo: Date.UTC(2026, 0, 1) + 9_000 }],
];

const checks: readonly Check[] = [
  [
    "runs",
    async ({ bench }) =>
      (await bench.store.query("runs", { before: null, limit: 200 })).map(({ no: _, ...row }) => row),
  ],
  ["counts", async ({ bench }) => sorted(await bench.store.query("counts", {}))],
  ["hours", async ({ bench }) => sorted(await bench.store.query("hours", { from: 0, to: 1e12 }))],
  ...runFilters.map(
    ([name, filter]): Check => [
      `runs ${name}`,
      async ({ bench }) => {
        const rows = await bench.store.query("runs", { ...filter, before: null, limit: 200 });
        const count = await bench.store.query("count", { ...filter, before: null, limit: 200 });
        return { count, ids: rows.map((row) => row.id) };
      },
    ],
  ),
  [
    "care",
    async ({ bench: { store } }) => {
      const { now, schema, oldestReadyAt } = await store.query("stats", {});
      const { workers, oldestReady, unserved, deadLetters, unrouted, heldEvents } = await store.query("checkup", {
        full: true,
      });
      const { definitions } = await store.query("sizes", {});
      const runs = definitions.map(({ definition, runs, steps }) => ({ definition, runs, steps }));
      return {
        now,
        schema,
        oldestReadyAt,
        workers,
        oldestReady,
        unserved,
        deadLetters,
        unrouted,
        heldEvents: { ...heldEvents, newest: heldEvents.newest.map(({ name }) => name) },
        runs: runs.sort(byName),
      };
    },
  ],
  [
    "letters",
    async ({ bench }) => (await bench.store.query("deadLetters", { before: null, limit: 9 })).map((row) => row.id),
  ],
  [
    "audit",
    async ({ bench }) =>
      (await bench.store.query("audit", { run: null, before: null, limit: 50 })).map(({ no: _, ...row }) => row),
  ],
  ["timers", async ({ bench }) => bench.store.query("dueTimers", { after: null, limit: 5 })],
  ["schedules", async ({ bench }) => bench.store.query("schedules", { definition: null, after: null, limit: 5 })],
  ["versions", async ({ bench }) => bench.store.query("versions", { name: null })],
  ["bulks", async ({ bench }) => bench.store.query("bulks", { before: null, limit: 5 })],
  ["manifests", async ({ bench }) => bench.store.query("manifests", { keyIds: ["k"] })],
  ["violations", async ({ bench }) => bench.store.query("violations", {})],
  ["groups", async ({ bench }) => bench.store.query("deadGroups", { limit: 50 })],
  [
    "events",
    async ({ bench }) =>
      (await bench.store.query("events", { name: null, before: null, limit: 200 })).map(({ no: _, ...row }) => row),
  ],
];

function byName(a: { definition: string }, b: { definition: string }): number {
  return a.definition < b.definition ? -1 : 1;
}

function sorted(rows: readonly { definition: { name: string }; status: string; count: number }[]): unknown {
  const withSome = rows.filter((row) => row.count !== 0);
  return withSome.map((row) => JSON.stringify(row)).sort();
}

interface Operation {
  readonly name: string;
  readonly act: (side: Side) => Promise<unknown>;
}

/** Chooses operations by the results of the first store. The second one must have returned the same. */
class World {
  readonly #first: Side;
  readonly #draw: Draw;
  readonly #seqs = new Map<string, number>();
  readonly #waits = new Map<string, Set<string>>();
  #starts = 0;

  constructor(first: Side, draw: Draw) {
    this.#first = first;
    this.#draw = draw;
  }

  next(i: number): Operation {
    const held = [...this.#first.held.keys()];
    const roll = this.#draw();
    if (roll < 0.2) return this.#start();
    if (roll < 0.3) return this.#lease();
    if (roll < 0.37) return this.#event(i);
    if (roll < 0.42) return this.#time();
    if (roll < 0.5) return this.#verb(i);
    if (roll < 0.58) return this.#routing();
    if (roll < 0.61) return { name: "sweep", act: ({ bench }) => bench.store.sweep(retention) };
    if (held.length === 0) return this.#lease();
    return this.#advance(this.#pick(held));
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#draw() * items.length)] as T;
  }

  #happens(share: number): boolean {
    return this.#draw() < share;
  }

  #newStart(): StartRun {
    this.#starts += 1;
    const name = this.#pick(definitions);
    const slots = [{ key: `${name}:slot`, limit: 2, isKept: this.#happens(0.3) }];
    const rate = { key: `${name}:rate`, limit: 2, perMs: 5_000 };
    const flow = this.#pick([
      undefined,
      undefined,
      undefined,
      { slots },
      { rate },
      { throttle: rate },
      { deadlineMs: 4_000 },
    ]);
    return {
      kind: "start",
      id: `run_${String(this.#starts).padStart(8, "0")}`,
      definition: { kind: "workflow", name, version: 1 },
      input: this.#happens(0.1) ? JSON.stringify("ü".repeat(5_000)) : `{"n":${this.#starts}}`,
      inputHash: "h",
      key: this.#happens(0.5) ? `deal:${this.#starts % 3}` : null,
      idempotencyKey: this.#happens(0.2) ? `key ${Math.floor(this.#draw() * 5)}` : null,
      priorityMs: this.#happens(0.2) ? 500 : 0,
      ...(this.#happens(0.2) ? { delayMs: 1_000 } : {}),
      attributes: this.#happens(0.2) ? '{"region":"north"}' : null,
      ...(flow === undefined ? {} : { flow }),
      origin: { by: "test" },
    };
  }

  #start(): Operation {
    const start = this.#newStart();
    const worker = this.#happens(0.4) && start.delayMs === undefined ? 0 : null;
    return {
      name: `start ${start.id}`,
      act: async (side) => {
        const leaseTo = worker === null ? {} : { leaseTo: side.workers[worker] as number };
        const outcome = await side.bench.store.commit({ ...start, ...leaseTo });
        if (!outcome.ok) return outcome;
        side.numbers.set(outcome.run.id, outcome.run.no);
        if (outcome.isLeased) side.held.set(outcome.run.id, outcome.run);
        return { ...outcome, run: nameless(outcome.run) };
      },
    };
  }

  #lease(): Operation {
    const worker = this.#pick([0, 1]);
    // More than are ready, because the order of leasing may differ between stores.
    const limit = 1_000;
    return {
      name: `lease by ${worker}`,
      act: async (side) => {
        const incarnation = side.workers[worker] as number;
        const leasing = await side.bench.store.lease({ incarnation, limit, hasSuspect: false, holds: null });
        for (const run of leasing.runs) {
          side.numbers.set(run.id, run.no);
          side.held.set(run.id, run);
        }
        return { ...leasing, runs: leasing.runs.map(nameless).sort((a, b) => (a.id < b.id ? -1 : 1)) };
      },
    };
  }

  #event(i: number): Operation {
    const id = this.#happens(0.2) ? "same" : `e${i}`;
    const name = this.#pick(["paid", "sent"]);
    const data = JSON.stringify({ n: this.#pick([1, 2]), who: this.#pick(["a", "b"]) });
    const isRouted = this.#happens(0.6);
    const worker = this.#pick([null, 0, 1]);
    return {
      name: `event ${name} ${id}`,
      act: async ({ bench, workers }) => {
        const event = { name, data, source: "test", id };
        const { event: _, ...outcome } = await bench.store.commit({
          kind: "event",
          event,
          isRouted,
          ...(worker === null ? {} : { triedBy: workers[worker] as number }),
          starts: [],
          refused: [],
        });
        return { ...outcome, try: outcome.try?.number };
      },
    };
  }

  /** One act on the oldest events that wait to be routed, or on a held one. */
  #routing(): Operation {
    const act = this.#pick(["begin", "begin", "route", "end", "end", "retry"] as const);
    const [worker, number, place] = [this.#pick([0, 1]), this.#pick([1, 1, 2, 3]), this.#pick([0, 0, 1, 2])];
    return {
      name: `${act} try ${number} by ${worker}`,
      act: async ({ bench: { store }, workers }) => {
        const incarnation = workers[worker] as number;
        const held = await store.query("heldEvents", { name: null, before: null, limit: 3 });
        const waiting = await store.query("unrouted", { limit: 3 });
        const params = { worker: incarnation, triesMin: number - 1, after: 0, limit: 10 };
        const routable = (await store.query("routable", params)).map(({ id }) => id);
        const row = (act === "retry" ? held : waiting)[place];
        if (row === undefined) return routable;
        const { no: event } = row;
        const by = { number, worker: incarnation };
        switch (act) {
          case "begin": {
            const outcome = await store.commit({ kind: "try-event", event, worker: incarnation, seen: row.tries });
            return [routable, outcome.ok && outcome.routing === "trying" ? outcome.try.number : outcome];
          }
          case "route": {
            const outcome = await store.commit({ kind: "route", event, try: by, starts: [], refused: ["no"] });
            return [routable, outcome.ok ? { ...outcome, event: row.id } : outcome];
          }
          case "end":
            return [routable, await store.commit({ kind: "end-try", event, try: by, why: "killed" })];
          case "retry": {
            const audit = { actor: "p", verb: "retry-event", why: null };
            const outcome = await store.commit({ kind: "retry-event", event, audit });
            return [routable, outcome];
          }
        }
      },
    };
  }

  #time(): Operation {
    const ms = this.#pick([1, 700, 1_000, 4_000]);
    const beats = this.#happens(0.7);
    return {
      name: `${ms} ms pass`,
      act: async ({ bench, workers }) => {
        const answers: unknown[] = [];
        if (beats)
          for (const incarnation of workers) answers.push((await bench.store.beat({ incarnation, leaseMs })).isAlive);
        bench.advance(ms);
        return answers;
      },
    };
  }

  #verb(i: number): Operation {
    const ids = [...this.#first.numbers.keys()];
    if (ids.length === 0) return this.#start();
    const id = this.#pick(ids);
    const by = { code: "by-person", by: "p", why: null } as const;
    const idle = this.#pick<Idle>([
      { to: "cancelled", reason: by },
      { to: "suspended", reason: by },
      { to: "ready", reopening: null },
      { to: "retried" },
      { to: "dismissed", reason: { code: "dismissed", by: "p", why: null, error: "no" } },
    ]);
    const asked = { actor: "p", why: null };
    const held = heldVerb[idle.to];
    return {
      name: `${idle.to} ${id} (${i})`,
      act: async ({ bench, numbers }) => {
        const run = numbers.get(id) ?? 0;
        const detail = await bench.store.query("run", { id });
        if (detail === null) return null;
        const { status } = detail.row;
        // The engine would not request this.
        const isAtRest = status === "completed" || status === "cancelled";
        if (
          isAtRest ||
          (idle.to === "dismissed" && status !== "failed") ||
          (idle.to === "ready" && status === "pending")
        )
          return status;
        if (status === "failed" && idle.to !== "ready" && idle.to !== "dismissed") return status;
        return bench.store.commit({
          kind: "intervene",
          run,
          seen: detail.mark,
          idle,
          held: held === null ? null : { verb: held, ...asked },
          audit: { verb: held ?? "resume", ...asked },
        });
      },
    };
  }

  #advance(id: string): Operation {
    const parts = this.#parts(id);
    return {
      name: `advance ${id} ${JSON.stringify(parts).slice(0, 200)}`,
      act: async (side) => {
        const { bench, held, numbers } = side;
        const run = held.get(id);
        if (run === undefined) return "not held";
        const journal = await bench.store.load({ run: run.no, fence: run.fence });
        const read = journal?.arrivals.map((arrival) => arrival.id) ?? [];
        const starts = parts.starts?.map((start) => ({
          ...start,
          parent: { ...start.parent, no: run.no },
        })) as StartRun[];
        const outcome = await bench.store.commit({
          kind: "advance",
          run: run.no,
          fence: run.fence,
          ...parts,
          ...(parts.starts === undefined ? {} : { starts }),
          ...(read.length === 0 ? {} : { read }),
        });
        const isGone = !outcome.ok ? outcome.why === "stale" : parts.next !== undefined && !outcome.isUnread;
        if (isGone) held.delete(id);
        for (const start of starts ?? []) numbers.set(start.id, 0);
        for (const start of starts ?? []) {
          const child = await bench.store.query("run", { id: start.id });
          if (child === null) numbers.delete(start.id);
          else numbers.set(start.id, child.row.no);
        }
        return {
          outcome,
          journal:
            journal === null ? null : { ...journal, arrivals: journal.arrivals.map(({ id: _, ...rest }) => rest) },
        };
      },
    };
  }

  #parts(id: string): Partial<Advance> {
    const entries: Entry[] = [];
    const add = (kind: Entry["kind"], key: string, outcome: Entry["outcome"] = "ok"): void => {
      const seq = (this.#seqs.get(id) ?? 0) + 1;
      this.#seqs.set(id, seq);
      const value = outcome === "ok" ? `"${key} ${seq}"` : '{"name":"Error","message":"no"}';
      entries.push({ seq, key: `${key}#${seq}`, kind, outcome, value, input: null, attempts: 1, tookMs: 1 });
    };
    for (let i = 0; i < this.#pick([0, 1, 1, 2]); i++) add("step", "step");
    const open = this.#waits.get(id) ?? new Set<string>();
    this.#waits.set(id, open);
    const closes = [...open].filter(() => this.#happens(0.4));
    for (const key of closes) open.delete(key);
    const opens: WaitOpening[] = [];
    for (let i = 0; i < this.#pick([0, 0, 1, 2]); i++) opens.push(this.#wait(open));
    const next = this.#next(open.size > 0);
    const child = this.#happens(0.1) ? this.#newStart() : null;
    const { flow: _, idempotencyKey: __, delayMs: ___, ...plainChild } = child ?? this.#newStart();
    return {
      ...(entries.length === 0 ? {} : { entries }),
      ...(closes.length === 0 ? {} : { closes }),
      ...(opens.length === 0 ? {} : { opens }),
      ...(child === null
        ? {}
        : {
            starts: [
              { ...plainChild, idempotencyKey: null, parent: { no: 0, key: child.id, isAwaited: this.#happens(0.7) } },
            ],
          }),
      ...(this.#happens(0.1)
        ? { logs: [{ key: null, level: "info" as const, message: 'says "hi" \\ {}', data: '{"a":[1,null]}' }] }
        : {}),
      ...(next === undefined ? {} : { next }),
    };
  }

  #wait(open: Set<string>): WaitOpening {
    const key = `wait ${Math.floor(this.#draw() * 1e6)}`;
    open.add(key);
    if (this.#happens(0.4)) return { key, kind: "timer", dueInMs: this.#pick([500, 2_000, 100_000]) };
    const match = this.#pick([{}, { n: 1 }, { who: "a" }, { n: 2, who: "b" }]);
    return {
      key,
      kind: "event",
      name: this.#pick(["paid", "sent"]),
      match,
      ...(this.#happens(0.5) ? { dueInMs: 3_000 } : {}),
    };
  }

  #next(canPark: boolean): Next | undefined {
    const error = { name: "Error", message: "no such account", code: "E" };
    return this.#pick<Next | undefined>([
      undefined,
      undefined,
      ...(canPark ? [{ state: "parked" } as const, { state: "parked" } as const] : []),
      { state: "ready", delayMs: this.#pick([0, 1_000]) },
      { state: "suspended", reason: { code: "by-person", by: "p", why: "w" } },
      { state: "completed", output: this.#pick([null, '{"done":true}']) },
      { state: "failed", error, fingerprint: this.#pick(["f1", "f2"]), step: null },
      { state: "cancelled", reason: { code: "by-person", by: "p", why: null } },
    ]);
  }
}

/** The message to the run's holder instead. Null: the action cannot be sent to a holder. */
const heldVerb: Readonly<Record<Idle["to"], Request["verb"] | null>> = {
  cancelled: "cancel",
  suspended: "suspend",
  retried: "retry",
  ready: null,
  dismissed: null,
  compensating: null,
};

const retention = { completedMs: 20_000, failedMs: 40_000, eventMs: 30_000, limit: 3 };

function nameless({ no: _, ...run }: LeasedRun): Omit<LeasedRun, "no"> {
  return run;
}
