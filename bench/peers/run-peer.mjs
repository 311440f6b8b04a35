import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { peers } from "./peers/index.mjs";
import { CpuMeter } from "./processes.mjs";

/**
 * The process of one peer. It runs one workload, or describes the peer if there is no workload. It sends one message to
 * its parent, which then ends it, because peers have timers and connections that would keep it running.
 */
const { name, workload, sizes, url, redis, folder, prefix } = JSON.parse(process.argv[2] ?? "{}");
// Without its parent, no process would end it or clean up.
process.on("disconnect", () => process.exit(1));
let setting;
try {
  const peer = await peers[name].load();
  process.send?.(
    workload === undefined ? describe(peer) : { rows: await measure(peer), durability: await peer.durability(setting) },
  );
} catch (error) {
  process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

function describe(peer) {
  const versions = peer.packages.map((each) => {
    const folder = each === "baton" ? "../.." : `./node_modules/${each}`;
    return JSON.parse(readFileSync(new URL(`${folder}/package.json`, import.meta.url), "utf8")).version;
  });
  return { version: versions.join(" + "), absent: peer.absent };
}

async function measure(peer) {
  setting = await settingOf();
  return [await peer.workloads[workload](setting)].flat();
}

/** @returns {Promise<import("./harness.mjs").Setting>} */
async function settingOf() {
  const started = [];
  const base = { sizes, url, redis, folder, prefix, started, serverPids: () => started };
  if (url === "") {
    return {
      ...base,
      cpu: new CpuMeter(() => started),
      storeBytes: async () => bytesIn(folder),
      vacuum: async () => {},
    };
  }
  const { DatabaseWatch, VacuumSchedule } = await import("./postgres.mjs");
  const watch = new DatabaseWatch(url);
  await watch.open();
  const schedule = new VacuumSchedule(url);
  await schedule.open();
  return {
    ...base,
    cpu: new CpuMeter(() => watch.pids()),
    storeBytes: () => watch.bytes(),
    vacuum: () => schedule.vacuum(),
  };
}

function bytesIn(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
