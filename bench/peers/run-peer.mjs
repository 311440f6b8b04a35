import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { peers } from "./peers/index.mjs";
import { CpuMeter } from "./processes.mjs";

/**
 * The process of one peer and one workload, or of the question what the peer can do. It answers with one message over
 * the channel to its parent, which also ends it: peers hold timers and connections that nothing else would close.
 */
const { name, workload, sizes, url, redis, folder, prefix } = JSON.parse(process.argv[2] ?? "{}");
// Without its parent nobody would end it or clear up after it.
process.on("disconnect", () => process.exit(1));
let setting;
try {
  const peer = await peers[name].load();
  process.send?.(workload === undefined ? describe(peer) : { rows: await measure(peer), ...(await told(peer)) });
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

async function told(peer) {
  return { durability: await peer.durability(setting) };
}

/** @returns {Promise<import("./frames.mjs").Setting>} */
async function settingOf() {
  const started = [];
  const base = { sizes, url, redis, folder, prefix, started, serverPids: () => started };
  if (url === "") {
    return { ...base, cpu: new CpuMeter(() => started), storeBytes: async () => bytesIn(folder), tidy: async () => {} };
  }
  const { DatabaseWatch, Housekeeping } = await import("./postgres.mjs");
  const watch = new DatabaseWatch(url);
  await watch.open();
  const housekeeping = new Housekeeping(url);
  await housekeeping.open();
  return {
    ...base,
    cpu: new CpuMeter(() => watch.pids()),
    storeBytes: () => watch.bytes(),
    tidy: () => housekeeping.tidy(),
  };
}

function bytesIn(path) {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
