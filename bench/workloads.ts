import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type AnyWorkflow, type Baton, openBaton, workflow } from "baton";
import { liveHeapBytes, median, percentile, type Row, round, timed } from "./measure.ts";
import type { BenchStore } from "./stores.ts";

const value200 = "x".repeat(198);

const five = workflow({ name: "five" }, async (ctx) => {
  for (let i = 0; i < 5; i++) await ctx.step("step", () => value200);
});
const one = workflow({ name: "one" }, async (ctx) => ctx.step("step", () => value200));
const three = workflow({ name: "three" }, async (ctx) => {
  for (let i = 0; i < 3; i++) await ctx.step("step", () => i);
});
const fan = workflow({ name: "fan" }, async (ctx, count: number) => {
  await Promise.all(Array.from({ length: count }, (_, i) => ctx.step(`step ${i}`, () => i)));
});
const waiter = workflow(
  { name: "waiter" },
  async (ctx, id: number) => (await ctx.waitForEvent("go", { match: { id } }))?.id,
);
const sleeper = workflow({ name: "sleeper" }, async (ctx) => ctx.sleep("long", "30d"));

export interface Setting {
  readonly store: BenchStore;
  readonly folder: string;
  readonly rounds: number;
}

export type Workload = (setting: Setting) => Promise<readonly Row[]>;

async function open(setting: Setting, name: string): Promise<Baton> {
  return openBaton({
    store: setting.store.address(name),
    definitions: [five, one, three, fan, waiter, sleeper],
  });
}

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

async function drainOf(
  setting: Setting,
  name: "five" | "one",
  count: number,
  steps: number,
): Promise<{ perSecond: number; cpuMsPerStep: number; floor: number }> {
  const definition: AnyWorkflow = name === "five" ? five : one;
  const results: { perSecond: number; cpuMsPerStep: number }[] = [];
  const floors: number[] = [];
  for (let round = 0; round < setting.rounds; round++) {
    const baton = await open(setting, `${name}-${round}`);
    // Due after all have been enqueued, so that the enqueueing is not measured.
    const at = Date.now() + enqueueMs;
    await baton.startMany(
      definition,
      Array.from({ length: Math.min(count, 10_000) }, () => ({ input: null, at })),
    );
    if (count > 10_000)
      await baton.startMany(
        definition,
        Array.from({ length: count - 10_000 }, () => ({ input: null, at })),
      );
    const all = ended(baton, count);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now() - 5)));
    const { ms, cpuMs } = await timed(() => all, setting.store);
    results.push({ perSecond: (count * steps) / (ms / 1000), cpuMsPerStep: cpuMs / (count * steps) });
    await baton.close();
    const floor = await setting.store.floor(`${name}-${round}`);
    floors.push(await floor.stepsPerSecond(count * steps, JSON.stringify(value200)));
    await floor.close();
  }
  return {
    perSecond: median(results.map((each) => each.perSecond)),
    cpuMsPerStep: median(results.map((each) => each.cpuMsPerStep)),
    floor: median(floors),
  };
}

/** Long enough to enqueue 20,000 runs. */
const enqueueMs = 2_500;

export const drain: Workload = async (setting) => {
  const { perSecond, cpuMsPerStep, floor } = await drainOf(setting, "five", 5_000, 5);
  return [
    {
      workload: "drain",
      store: setting.store.name,
      value: round(perSecond),
      unit: "steps/s",
      floor: round(floor),
      ratio: round(perSecond / floor),
      cpuMsPerStep: round(cpuMsPerStep),
      note: "5,000 runs of 5 steps, 200 bytes each, enqueued first",
    },
  ];
};

export const single: Workload = async (setting) => {
  const { perSecond, cpuMsPerStep, floor } = await drainOf(setting, "one", 20_000, 1);
  return [
    {
      workload: "single",
      store: setting.store.name,
      value: round(perSecond),
      unit: "runs/s",
      floor: round(floor),
      ratio: round(perSecond / floor),
      cpuMsPerStep: round(cpuMsPerStep),
      note: "20,000 runs of one step, enqueued first; floor: step rows",
    },
  ];
};

export const latency: Workload = async (setting) => {
  const baton = await open(setting, "latency");
  const times: number[] = [];
  const count = 400 * setting.rounds;
  for (let i = 0; i < 100; i++) await (await baton.start(three, null)).result();
  const { cpuMs } = await timed(async () => {
    for (let i = 0; i < count; i++) {
      const begun = performance.now();
      await (await baton.start(three, null)).result();
      times.push(performance.now() - begun);
    }
  }, setting.store);
  await baton.close();
  const floor = await setting.store.floor("latency");
  const commit = median(await floor.commits(1_000));
  await floor.close();
  // Start, three steps and the end: five commits, each on disk before the next begins.
  const bare = 5 * commit;
  const row = (workload: string, ms: number): Row => ({
    workload,
    store: setting.store.name,
    value: round(ms),
    unit: "ms",
    floor: round(bare),
    ratio: round(ms / bare),
    cpuMsPerStep: round(cpuMs / count / 3),
    note: "start to result of a 3-step run; floor: its five commits",
  });
  return [row("latency p50", median(times)), row("latency p99", percentile(times, 0.99))];
};

export const fanOut: Workload = async (setting) => {
  const rows: Row[] = [];
  for (const count of [1_000, 10_000]) {
    const times: { ms: number; cpuMs: number }[] = [];
    const baton = await open(setting, `fan-${count}`);
    for (let round = 0; round < setting.rounds; round++)
      times.push(await timed(async () => (await baton.start(fan, count)).result(), setting.store));
    await baton.close();
    const floor = await setting.store.floor(`fan-${count}`);
    const bare = count / (await floor.stepsPerSecond(count, "1"));
    await floor.close();
    const seconds = median(times.map((each) => each.ms)) / 1000;
    rows.push({
      workload: `fan-out ${count}`,
      store: setting.store.name,
      value: round(seconds),
      unit: "s",
      floor: round(bare),
      ratio: round(seconds / bare),
      cpuMsPerStep: round(median(times.map((each) => each.cpuMs)) / count),
      note: `one run with ${count} parallel steps`,
    });
  }
  return rows;
};

export const wake: Workload = async (setting) => {
  const count = 1_000;
  const times: { ms: number; cpuMs: number }[] = [];
  for (let round = 0; round < setting.rounds; round++) {
    const baton = await open(setting, `wake-${round}`);
    await baton.startMany(
      waiter,
      Array.from({ length: count }, (_, id) => ({ input: id })),
    );
    while (baton.engine.activeCount > 0) await new Promise((resolve) => setImmediate(resolve));
    const all = ended(baton, count);
    times.push(
      await timed(async () => {
        await Promise.all(Array.from({ length: count }, (_, id) => baton.emit({ name: "go", data: { id } })));
        await all;
      }, setting.store),
    );
    await baton.close();
  }
  const floor = await setting.store.floor("wake");
  const bare = (2 * count) / (await floor.stepsPerSecond(2 * count, '{"id":1}'));
  await floor.close();
  const seconds = median(times.map((each) => each.ms)) / 1000;
  return [
    {
      workload: "wake",
      store: setting.store.name,
      value: round(seconds),
      unit: "s",
      floor: round(bare),
      ratio: round(seconds / bare),
      cpuMsPerStep: round(median(times.map((each) => each.cpuMs)) / count),
      note: "1,000 waiting runs, all signalled, until the last has completed; floor: an event and a result row each",
    },
  ];
};

export const sleepers: Workload = async (setting) => {
  const count = 100_000;
  const baton = await open(setting, "sleepers");
  const heapBefore = liveHeapBytes();
  const { ms, cpuMs } = await timed(async () => {
    for (let done = 0; done < count; done += 10_000)
      await baton.startMany(
        sleeper,
        Array.from({ length: 10_000 }, () => ({ input: null })),
      );
    while ((await asleep(baton)) < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }, setting.store);
  const heapAfter = liveHeapBytes();
  await baton.close();
  const child = new URL("./rss-child.ts", import.meta.url).pathname;
  const store = setting.store.address("sleepers");
  const rss = execFileSync(process.execPath, ["--conditions=source", child, store], { encoding: "utf8" });
  const bytes = (await setting.store.bytes("sleepers")) / count;
  const floor = await setting.store.floor("sleepers");
  const bare = count / (await floor.runsPerSecond(count, 1));
  await floor.close();
  const row = (workload: string, value: number, unit: string, floor: number | null): Row => ({
    workload,
    store: setting.store.name,
    value: round(value),
    unit,
    floor: floor === null ? null : round(floor),
    ratio: floor === null ? null : round(value / floor),
    cpuMsPerStep: round(cpuMs / count),
    note: "100,000 runs that sleep for 30 days",
  });
  return [
    row("sleepers enqueue", ms / 1000, "s", bare),
    row("sleepers file", bytes, "bytes/run", null),
    row("sleepers heap", (heapAfter - heapBefore) / count, "bytes/run", null),
    row("sleepers memory", Number(rss), "MB", null),
  ];
};

async function asleep(baton: Baton): Promise<number> {
  const counts = await baton.engine.store.query("counts", {});
  return counts.find((row) => row.status === "waiting")?.count ?? 0;
}

/** The process is killed halfway through and restarted. */
export const crash: Workload = async (setting) => {
  const runs = 500;
  const address = setting.store.address("crash");
  const log = join(setting.folder, "crash.log");
  const child = (): ReturnType<typeof spawn> =>
    spawn(
      process.execPath,
      ["--conditions=source", new URL("./crash-child.ts", import.meta.url).pathname, address, log, String(runs)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
  const first = child();
  await once(first.stdout as NodeJS.ReadableStream, "data");
  await new Promise((resolve) => setTimeout(resolve, 60));
  first.kill("SIGKILL");
  await once(first, "exit");
  const begun = performance.now();
  const second = child();
  let report = "";
  second.stdout?.on("data", (chunk: Buffer) => {
    report += chunk.toString();
  });
  await once(second, "exit");
  const seconds = (performance.now() - begun) / 1000;
  const { twice, lost, remaining, secondsAfterOpen } = JSON.parse(report.trim().split("\n").at(-1) ?? "{}") as {
    twice: number;
    lost: number;
    remaining: number;
    secondsAfterOpen: number;
  };
  // The time for the remaining runs with five steps of 20 ms each, all at once.
  const ideal = (remaining / runs) * 0.1;
  return [
    {
      workload: "crash",
      store: setting.store.name,
      value: round(seconds),
      unit: "s",
      floor: round(ideal),
      ratio: round(seconds / ideal),
      cpuMsPerStep: null,
      note: `500 runs of 5 steps of 20 ms, kill -9; ${secondsAfterOpen.toFixed(2)} s of this after the store was open; ${twice} steps ran twice, ${lost} runs lost`,
    },
  ];
};
