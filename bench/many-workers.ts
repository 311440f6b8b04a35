import { spawn } from "node:child_process";
import { once } from "node:events";
import { openBaton, workflow } from "baton";
import pg from "pg";
import { readAddress } from "../src/stores/postgres/address.ts";
import { type Row, round } from "./measure.ts";
import type { Setting, Workload } from "./workloads.ts";

const value200 = "x".repeat(198);
const steps = workflow({ name: "steps" }, async (ctx, count: number) => {
  for (let i = 0; i < count; i++) await ctx.step("step", () => value200);
});
const five = workflow({ name: "five" }, async (ctx) => {
  for (let i = 0; i < 5; i++) await ctx.step("step", () => value200);
});

/** Statements that this process has sent, on all connections. */
let sent = 0;
const query = pg.Client.prototype.query;
pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]): unknown {
  sent += 1;
  return Reflect.apply(query, this, args);
} as typeof query;

function row(workload: string, value: number, unit: string, note: string): Row {
  return {
    workload,
    store: "postgres",
    value: round(value),
    unit,
    floor: null,
    ratio: null,
    cpuMsPerStep: null,
    note,
  };
}

function onlyPostgres(setting: Setting): boolean {
  if (setting.store.name === "postgres") return true;
  console.error("This workload needs --store postgres.");
  return false;
}

interface Cost {
  readonly statements: number;
  readonly bytes: number;
  readonly workerMs: number;
  readonly serverMs: number;
}

/** The cost of one more step for the server, at the load of `drain`: 5,000 runs at once. */
export const cost: Workload = async (setting) => {
  if (!onlyPostgres(setting)) return [];
  const runs = 5_000;
  const address = setting.store.address("cost");
  const client = new pg.Client({ connectionString: readAddress(address).url });
  await client.connect();
  const wal = async (): Promise<number> =>
    Number((await client.query("select pg_current_wal_lsn() - '0/0'::pg_lsn as bytes")).rows[0]?.bytes);
  const baton = await openBaton({ store: address, definitions: [steps] });
  const measure = async (count: number): Promise<Cost> => {
    let left = runs;
    const all = new Promise<void>((resolve) => {
      const stop = baton.engine.onEnd(() => {
        left -= 1;
        if (left > 0) return;
        stop();
        resolve();
      });
    });
    const [before, sentBefore] = [await wal(), sent];
    const [serverBefore, cpuBefore] = [setting.store.cpuMs(), process.cpuUsage()];
    await baton.startMany(
      steps,
      Array.from({ length: runs }, () => ({ input: count })),
    );
    await all;
    const cpu = process.cpuUsage(cpuBefore);
    return {
      statements: sent - sentBefore,
      bytes: (await wal()) - before,
      workerMs: (cpu.user + cpu.system) / 1_000,
      serverMs: setting.store.cpuMs() - serverBefore,
    };
  };
  // The first change to a page after a checkpoint writes the whole page. That cost does not belong to the step.
  await client.query("checkpoint");
  await measure(5);
  const [few, many] = [await measure(5), await measure(15)];
  await baton.close();
  await client.end();
  const extra = runs * 10;
  return [
    row(
      "cost WAL",
      (many.bytes - few.bytes) / extra,
      "bytes/step",
      "of one more 200-byte step, with 5,000 runs at once",
    ),
    row("cost statements", (many.statements - few.statements) / extra, "per step", "the same"),
    row("cost worker", (many.workerMs - few.workerMs) / extra, "CPU ms/step", "the same"),
    row("cost server", (many.serverMs - few.serverMs) / extra, "CPU ms/step", "the same"),
    row("cost run worker", few.workerMs / runs, "CPU ms/run", "of a whole run with 5 steps"),
    row("cost run server", few.serverMs / runs, "CPU ms/run", "of a whole run with 5 steps"),
    row("cost run WAL", few.bytes / runs, "bytes/run", "of a whole run with 5 steps"),
    row("cost run", few.statements / runs, "statements", "of a whole run with 5 steps"),
  ];
};

/** Statements of a worker with nothing to do. */
export const idle: Workload = async (setting) => {
  if (!onlyPostgres(setting)) return [];
  const baton = await openBaton({ store: setting.store.address("idle"), definitions: [five] });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const before = sent;
  const seconds = 20;
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const perSecond = (sent - before) / seconds;
  await baton.close();
  return [row("idle", perSecond, "statements/s", "of one worker with nothing to do")];
};

/** The same queue, drained by one, two and three processes. */
export const workers: Workload = async (setting) => {
  if (!onlyPostgres(setting)) return [];
  const rows: Row[] = [];
  for (const count of [1, 2, 3]) {
    const address = setting.store.address(`workers-${count}`);
    const runs = 10_000;
    const starter = await openBaton({ store: address, definitions: [five], queues: ["none"] });
    // All runs are enqueued before they are due.
    const at = Date.now() + 8_000;
    await starter.startMany(
      five,
      Array.from({ length: runs }, () => ({ input: null, at })),
    );
    const children = Array.from({ length: count }, () =>
      spawn(process.execPath, ["--conditions=source", new URL("./drain-child.ts", import.meta.url).pathname, address], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    await Promise.all(children.map((child) => once(child.stdout, "data")));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));
    const begun = performance.now();
    for (;;) {
      const counts = await starter.engine.store.query("counts", {});
      if ((counts.find((each) => each.status === "completed")?.count ?? 0) >= runs) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const seconds = (performance.now() - begun) / 1000;
    for (const child of children) child.stdin.end();
    await Promise.all(children.map((child) => once(child, "exit")));
    await starter.close();
    rows.push(row(`workers ${count}`, (runs * 5) / seconds, "steps/s", `10,000 runs of 5 steps, ${count} processes`));
  }
  return rows;
};
