import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { percentile, round } from "./measure.mjs";

const fsyncs = 200;

/** Describes the machine, with the cost of one durable write on its disk, because most figures depend on it. */
export function describeMachine(folder) {
  const processors = cpus();
  return {
    processors: processors.length,
    model: processors[0]?.model ?? "unknown",
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.versions.node,
    sqlite: process.versions.sqlite,
    load: round(loadavg()[0] ?? 0),
    fsyncMs: round(timeFsync(folder)),
  };
}

/** The median of writing 4 KiB and forcing it to disk, in ms. */
function timeFsync(folder) {
  const path = join(folder, "fsync");
  const file = openSync(path, "w");
  const block = Buffer.alloc(4_096, 1);
  const times = [];
  for (let i = 0; i < fsyncs; i++) {
    const begun = performance.now();
    writeSync(file, block);
    fsyncSync(file);
    times.push(performance.now() - begun);
  }
  closeSync(file);
  rmSync(path);
  return percentile(times, 0.5);
}
