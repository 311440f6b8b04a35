import { mkdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { analyzed } from "./analyzed.ts";
import { chain } from "./chain.ts";
import { consoleBench } from "./console.ts";
import { limits, million, redrive } from "./large.ts";
import { cost, idle, workers } from "./many-workers.ts";
import type { Row } from "./measure.ts";
import { openBenchStore } from "./stores.ts";
import { crash, drain, fanOut, latency, single, sleepers, type Workload, wake } from "./workloads.ts";

/**
 * `npm run bench [-- workload …] [--json] [--rounds N]`: each figure next to its floor, measured in the same process.
 */
const workloads: Readonly<Record<string, Workload>> = {
  drain,
  single,
  latency,
  "fan-out": fanOut,
  wake,
  sleepers,
  crash,
  limits,
  redrive,
};
/**
 * Also those that run only if named: one fills a store for a minute, one needs a browser, the others need PostgreSQL.
 */
const byName: Readonly<Record<string, Workload>> = {
  ...workloads,
  million,
  cost,
  idle,
  workers,
  analyzed,
  chain,
  console: consoleBench,
};
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, rounds: { type: "string" }, store: { type: "string" } },
});
const unknown = positionals.filter((name) => !(name in byName));
if (unknown.length > 0) {
  console.error(`Unknown workload ${unknown.join(", ")}. Use one of: ${Object.keys(byName).join(", ")}`);
  process.exit(2);
}
if (values.store !== undefined && values.store !== "sqlite" && values.store !== "postgres") {
  console.error(`Unknown store ${values.store}. Use sqlite or postgres.`);
  process.exit(2);
}
// On the disk of the checkout, because /tmp may be in memory, where a commit is free.
const folder = join(process.cwd(), ".baton", `bench-${process.pid}`);
mkdirSync(folder, { recursive: true });
const store = await openBenchStore(values.store ?? "sqlite", folder);
try {
  if (!values.json) {
    console.log(
      `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.versions.node}, ${store.description}; medians of ${values.rounds ?? 3}\n`,
    );
    console.log(line(["workload", "value", "unit", "floor", "ratio", "cpu ms/step", "description"]));
  }
  for (const name of positionals.length > 0 ? positionals : Object.keys(workloads)) {
    const rows = await (byName[name] as Workload)({ store, folder, rounds: Number(values.rounds ?? 3) });
    for (const row of rows) console.log(values.json ? JSON.stringify(row) : line(cells(row)));
  }
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

function cells(row: Row): string[] {
  return [
    row.workload,
    String(row.value),
    row.unit,
    String(row.floor ?? ""),
    String(row.ratio ?? ""),
    String(row.cpuMsPerStep ?? ""),
    row.note,
  ];
}

function line(columns: readonly string[]): string {
  const widths = [18, 8, 10, 8, 7, 12];
  return columns.map((cell, i) => (i < widths.length ? cell.padEnd(widths[i] as number) : cell)).join(" ");
}
