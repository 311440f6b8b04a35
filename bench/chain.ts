import { DatabaseSync } from "node:sqlite";
import { type Baton, openBaton, workflow } from "baton";
import pg from "pg";
import { readAddress } from "../src/stores/postgres/address.ts";
import { median, type Row, round } from "./measure.ts";
import type { Setting, Workload } from "./workloads.ts";

const rounds = 1_500;
/** The figures of the first and of the last rounds are compared. */
const part = 300;

/** Receives one event in each round and continues as a new run. */
const loop = workflow<number>({ name: "loop" }, async (ctx, n) => {
  await ctx.waitForEvent("tick", { match: { loop: "a" } });
  return n === rounds ? n : ctx.continueAsNew(n + 1);
});

/**
 * A chain of continued runs that receives one event in each round: the rows and the time of a round must not grow.
 * `live`: each event is sent when its round waits for it. `backlog`: all of them are there before, so that each wait
 * looks for one among the events that the chain has received already.
 */
export const chain: Workload = async (setting) => [
  ...(await measure(setting, "live")),
  ...(await measure(setting, "backlog")),
];

async function measure(setting: Setting, how: "live" | "backlog"): Promise<Row[]> {
  const first: number[] = [];
  const last: number[] = [];
  const rows: number[] = [];
  const bytes: number[] = [];
  for (let i = 0; i < setting.rounds; i++) {
    const name = `chain-${how}-${i}`;
    const address = setting.store.address(name);
    const baton = await openBaton({ store: address, definitions: [loop] });
    const times = how === "live" ? await runLive(baton) : await runBacklog(baton);
    first.push(median(times.slice(0, part)));
    last.push(median(times.slice(-part)));
    await baton.close();
    rows.push((await inboxRows(address)) / rounds);
    bytes.push((await setting.store.bytes(name)) / rounds);
    await setting.store.drop(name);
  }
  const common = { workload: `chain, ${how}`, store: setting.store.name, floor: null, cpuMsPerStep: null };
  const ratio = round(median(last) / median(first));
  return [
    { ...common, value: round(median(first)), unit: "ms a round", ratio: null, note: `rounds 1 to ${part}` },
    { ...common, value: round(median(last)), unit: "ms a round", ratio, note: `the last ${part}; ratio to the first` },
    { ...common, value: round(median(rows)), unit: "inbox rows a round", ratio: null, note: "" },
    { ...common, value: round(median(bytes)), unit: "bytes a round", ratio: null, note: "of the whole store" },
  ];
}

function nextEnd(baton: Baton): Promise<void> {
  return new Promise((resolve) => {
    const stop = baton.engine.onEnd(() => {
      stop();
      resolve();
    });
  });
}

async function runLive(baton: Baton): Promise<readonly number[]> {
  const times: number[] = [];
  await baton.start(loop, 1);
  for (let n = 1; n <= rounds; n++) {
    const ended = nextEnd(baton);
    const begun = performance.now();
    await baton.emit({ name: "tick", id: `${n}`, data: { loop: "a" } });
    await ended;
    times.push(performance.now() - begun);
  }
  return times;
}

async function runBacklog(baton: Baton): Promise<readonly number[]> {
  const at = Date.now() + 6_000;
  const handle = await baton.start(loop, 1, { at: new Date(at) });
  for (let from = 1; from <= rounds; from += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => baton.emit({ name: "tick", id: `${from + i}`, data: { loop: "a" } })),
    );
  const ends: number[] = [];
  const stop = baton.engine.onEnd(() => ends.push(performance.now()));
  await handle.result();
  stop();
  return ends.slice(1).map((end, i) => end - (ends[i] ?? end));
}

async function inboxRows(address: string): Promise<number> {
  const text = "select count(*) as n from";
  if (address.startsWith("sqlite:")) {
    const db = new DatabaseSync(address.slice("sqlite:".length), { readOnly: true });
    const row = db.prepare(`${text} inbox`).get();
    db.close();
    return Number(row?.["n"]);
  }
  const { url, schema } = readAddress(address);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ n: string }>(`${text} "${schema}".inbox`);
  await client.end();
  return Number(rows[0]?.n);
}
