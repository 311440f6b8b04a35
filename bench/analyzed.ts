import { type Baton, openBaton, workflow } from "baton";
import pg from "pg";
import { readAddress } from "../src/stores/postgres/address.ts";
import { median, type Row, round } from "./measure.ts";
import type { Setting, Workload } from "./workloads.ts";

const one = workflow({ name: "one" }, async (ctx) => ctx.step("step", () => 1));
const three = workflow({ name: "three" }, async (ctx) => {
  for (let i = 0; i < 3; i++) await ctx.step("step", () => i);
});
const sleeper = workflow({ name: "sleeper" }, async (ctx) => ctx.sleep("long", "30d"));

const runs = 5_000;
const latencies = 200;
const sleeperCounts = [0, 30_000];

/** What the planner knows about the tables. The hot paths must cost the same with each of them. */
const statistics = {
  none: [],
  empty: ["analyze"],
  fresh: ["analyze"],
  huge: ["update pg_class set reltuples = 1e8, relpages = 1e6 where relnamespace = $1::regnamespace and relkind = 'r'"],
} as const;

/**
 * Throughput of single-step runs and latency of three-step runs on PostgreSQL with different planner statistics, with
 * and without sleeping runs. `empty`: analyzed before any run existed, and stale from then on.
 */
export const analyzed: Workload = async (setting) => {
  if (setting.store.name !== "postgres") {
    console.error("This workload needs --store postgres.");
    return [];
  }
  const rows: Row[] = [];
  for (const sleepers of sleeperCounts)
    for (const kind of Object.keys(statistics) as (keyof typeof statistics)[])
      rows.push(...(await measure(setting, kind, sleepers)));
  return rows;
};

async function measure(setting: Setting, kind: keyof typeof statistics, sleepers: number): Promise<Row[]> {
  const perSecond: number[] = [];
  const p50: number[] = [];
  for (let i = 0; i < setting.rounds; i++) {
    const name = `analyzed-${kind}-${sleepers}-${i}`;
    const address = setting.store.address(name);
    const { url, schema } = readAddress(address);
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const baton = await openBaton({ store: address, definitions: [one, three, sleeper] });
    const learn = async (): Promise<void> => {
      for (const text of statistics[kind]) {
        if (text.startsWith("update")) await client.query(text, [schema]);
        else for (const table of await tablesOf(client, schema)) await client.query(`analyze "${schema}"."${table}"`);
      }
    };
    if (kind === "empty") await learn();
    for (let left = sleepers; left > 0; left -= 10_000)
      await baton.startMany(
        sleeper,
        Array.from({ length: Math.min(left, 10_000) }, () => ({ input: null })),
      );
    await parked(client, schema, sleepers);
    if (kind !== "empty") await learn();
    perSecond.push(await throughput(baton));
    p50.push(await latency(baton));
    await baton.close();
    await client.end();
    await setting.store.drop(name);
  }
  const note = `${kind} statistics, ${sleepers.toLocaleString("en")} sleepers`;
  const common = { workload: "analyzed", store: "postgres", floor: null, ratio: null, cpuMsPerStep: null, note };
  return [
    { ...common, value: round(median(perSecond)), unit: "runs/s" },
    { ...common, value: round(median(p50)), unit: "ms p50" },
  ];
}

async function tablesOf(client: pg.Client, schema: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = $1",
    [schema],
  );
  return rows.map((row) => row.name);
}

async function parked(client: pg.Client, schema: string, count: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ n: string }>(`select count(*) as n from "${schema}".live where state = 2`);
    if (Number(rows[0]?.n) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function throughput(baton: Baton): Promise<number> {
  let left = runs;
  const all = new Promise<void>((resolve) => {
    const stop = baton.engine.onEnd(() => {
      left -= 1;
      if (left > 0) return;
      stop();
      resolve();
    });
  });
  const begun = performance.now();
  await baton.startMany(
    one,
    Array.from({ length: runs }, () => ({ input: null })),
  );
  await all;
  return runs / ((performance.now() - begun) / 1000);
}

async function latency(baton: Baton): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < latencies; i++) {
    const begun = performance.now();
    await (await baton.start(three, null)).result();
    times.push(performance.now() - begun);
  }
  return median(times);
}
