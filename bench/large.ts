import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Baton, NonRetryableError, openBaton, workflow } from "baton";
import { median, type Row, round, timed } from "./measure.ts";
import type { Setting, Workload } from "./workloads.ts";

const free = workflow<number>({ name: "free" }, (ctx) => ctx.step("step", () => 1));
const limited = workflow<number>(
  { name: "limited", concurrency: { key: (i) => `key-${i % 1_000}`, limit: 1 } },
  (ctx) => ctx.step("step", () => 1),
);

/** Resolves when `count` runs have ended in this process. */
function ended(baton: Baton, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const stop = baton.engine.onEnd(() => {
      left -= 1;
      if (left > 0) return;
      stop();
      resolve();
    });
  });
}

function open(setting: Setting, name: string): Promise<Baton> {
  return openBaton({
    store: setting.store.address(name),
    definitions: [free, limited, shaky, filler],
  });
}

async function startAll(baton: Baton, definition: typeof free, count: number, at: number | undefined): Promise<void> {
  for (let done = 0; done < count; done += 10_000) {
    const starts = Array.from({ length: 10_000 }, (_, i) => ({ input: done + i, ...(at === undefined ? {} : { at }) }));
    await baton.startMany(definition, starts);
  }
}

/** 100,000 runs until the last has ended, alternately without limits and over 1,000 keys with limit 1. */
export const limits: Workload = async (setting) => {
  const count = 100_000;
  const rates = { free: [] as number[], limited: [] as number[] };
  for (let round = 0; round < Math.min(2, setting.rounds); round++) {
    for (const definition of [free, limited]) {
      const name = definition.name as "free" | "limited";
      const baton = await open(setting, `limits-${name}-${round}`);
      const at = Date.now() + enqueueMs;
      await startAll(baton, definition, count, at);
      const all = ended(baton, count);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now() - 5)));
      const { ms } = await timed(() => all);
      rates[name].push(count / (ms / 1000));
      await baton.close();
      rmSync(join(setting.folder, `limits-${name}-${round}.db`), { force: true });
    }
  }
  const [own, bare] = [median(rates.limited), median(rates.free)];
  return [
    {
      workload: "limits",
      store: setting.store.name,
      value: round(own),
      unit: "runs/s",
      floor: round(bare),
      ratio: round(own / bare),
      cpuMsPerStep: null,
      note: "100,000 pending runs of one step over 1,000 keys with limit 1; floor: the same without limits",
    },
  ];
};

/** Long enough to enqueue 100,000 runs. */
const enqueueMs = 12_000;

const failing = { causes: new Set(["database is away", "card refused", "no such address"]) };
const shaky = workflow<number>({ name: "shaky" }, (ctx, i) =>
  ctx.step("work", () => {
    const cause = ["database is away", "card refused", "no such address"][i % 3] ?? "";
    if (failing.causes.has(cause)) throw new NonRetryableError(cause);
    return i;
  }),
);

/** 10,000 dead letters with three causes: listed, and those with one cause redriven. */
export const redrive: Workload = async (setting) => {
  const baton = await open(setting, "redrive");
  const allFailed = ended(baton, 10_000);
  await startAll(baton, shaky, 10_000, undefined);
  await allFailed;
  const { store } = baton.engine;
  const times: number[] = [];
  for (let i = 0; i < 50; i++) times.push((await timed(() => store.query("deadGroups", { limit: 50 }))).ms);
  const groups = await store.query("deadGroups", { limit: 50 });
  const group = groups[0];
  if (group === undefined || groups.length !== 3) throw new Error(`${groups.length} causes instead of 3`);
  const operation = { verb: "redrive", filter: { fingerprint: group.fingerprint }, canary: [1, 10] } as const;
  const end = async (id: string): Promise<string> => {
    for (;;) {
      const bulk = await baton.bulks.get(id);
      if (bulk.status !== "running") return `${bulk.status}, ${bulk.counts.done} of ${bulk.total}`;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const first = await end((await baton.bulks.start(operation)).id);
  failing.causes.clear();
  const begun = performance.now();
  const second = await end((await baton.bulks.start(operation)).id);
  const seconds = (performance.now() - begun) / 1000;
  await baton.close();
  const row = (workload: string, value: number, unit: string, note: string): Row => ({
    workload,
    store: setting.store.name,
    value: round(value),
    unit,
    floor: null,
    ratio: null,
    cpuMsPerStep: null,
    note,
  });
  return [
    row("dead letters list", median(times), "ms", "10,000 dead letters with three causes: three lines"),
    row("redrive", seconds, "s", `canary 1,10: before the repair ${first}; after it ${second}`),
  ];
};

const filler = workflow<number>({ name: "filler", key: (i) => `deal:${i}` }, async (ctx, i) => {
  if (i % 100 === 0) await ctx.setAttributes({ tier: i % 200 === 0 ? "gold" : "silver" });
  if (i % 1_000 === 7) throw new NonRetryableError(`customer ${i} is not known to the bank`);
});

/** A million completed runs in the store: first pages, counts, and the latency of a new run. */
export const million: Workload = async (setting) => {
  const count = 1_000_000;
  const latencyOf = async (baton: Baton): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 300; i++) times.push((await timed(async () => (await baton.start(free, 1)).result())).ms);
    return median(times.slice(50));
  };
  const empty = await open(setting, "empty");
  const bare = await latencyOf(empty);
  await empty.close();
  const baton = await open(setting, "million");
  for (let done = 0; done < count; done += 100_000) {
    const all = ended(baton, 100_000);
    for (let i = 0; i < 100_000; i += 10_000)
      await baton.startMany(
        filler,
        Array.from({ length: 10_000 }, (_, j) => ({ input: done + i + j })),
      );
    await all;
  }
  const { store } = baton.engine;
  const [latest] = await store.query("runs", { before: null, limit: 1 });
  const middle = await store.query("runs", { before: count / 2, limit: 1 });
  const hour = 3_600_000;
  const groups = await store.query("deadGroups", { limit: 5 });
  const filters: Readonly<Record<string, object>> = {
    all: {},
    name: { definition: "filler" },
    completed: { status: "completed" },
    failed: { status: "failed" },
    "failed of a name": { status: "failed", definition: "filler" },
    cancelled: { status: "cancelled" },
    waiting: { status: "waiting" },
    key: { key: "deal:500000" },
    attribute: { attribute: { name: "tier", value: "gold" } },
    cause: { fingerprint: groups[0]?.fingerprint ?? "" },
    "error words": { text: "not known bank" },
    "id prefix": { text: middle[0]?.id.slice(0, 30) ?? "" },
    "key prefix": { text: "deal:4711" },
    "a word that is nowhere": { text: "xyzzy" },
    "an hour": { createdFrom: (latest?.createdAt ?? 0) - hour, createdTo: latest?.createdAt ?? 0 },
    "deep page": { before: count / 2 },
    "completed of a name in an hour": {
      status: "completed",
      definition: "filler",
      createdFrom: (latest?.createdAt ?? 0) - hour,
    },
  };
  const rows: Row[] = [];
  const row = (workload: string, value: number, floor: number | null, note: string): void => {
    const ratio = floor === null ? null : round(value / floor);
    rows.push({
      workload,
      store: setting.store.name,
      value: round(value),
      unit: "ms",
      floor,
      ratio,
      cpuMsPerStep: null,
      note,
    });
  };
  for (const [name, filter] of Object.entries(filters)) {
    const pages: number[] = [];
    const counts: number[] = [];
    let shown = "";
    for (let i = 0; i < 7; i++) {
      pages.push((await timed(() => store.query("runs", { before: null, limit: 50, ...filter }))).ms);
      const begun = performance.now();
      const { count: n, isExact } = await store.query("count", { before: null, limit: 1, ...filter });
      counts.push(performance.now() - begun);
      shown = isExact ? String(n) : `over ${n}`;
    }
    row(
      `page: ${name}`,
      median(pages),
      null,
      `first page of 50 among 1,000,000; count in ${round(median(counts))} ms: ${shown}`,
    );
  }
  const latency = await latencyOf(baton);
  row(
    "latency beside a million",
    latency,
    round(bare),
    "start to result of a one-step run; floor: the same in an empty store",
  );
  await baton.close();
  return rows;
};
