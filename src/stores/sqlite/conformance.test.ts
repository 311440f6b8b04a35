import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openMemoryBench } from "../../../test/stores/benches.ts";
import { describeChains } from "../conformance/chains.ts";
import { describeConsole } from "../conformance/console.ts";
import { describeLife } from "../conformance/life.ts";
import { describeRouting } from "../conformance/routing.ts";
import { describeSchedules } from "../conformance/schedules.ts";
import { type Bench, describeStore } from "../conformance/suite.ts";
import { SqliteCore } from "./core.ts";
import { MemoryStore } from "./memory-store.ts";
import { openDatabase } from "./open.ts";

const silent = { publish: () => {}, subscribe: () => () => {} };
const startAt = Date.UTC(2026, 0, 1);

for (const describeAll of [
  describeStore,
  describeChains,
  describeSchedules,
  describeLife,
  describeConsole,
  describeRouting,
]) {
  describeAll("sqlite in memory", openMemoryBench);
  describeAll("sqlite on two connections to one file", openOnFile);
}

async function openOnFile(): Promise<Bench> {
  let now = startAt;
  const folder = mkdtempSync(join(tmpdir(), "baton-conformance-"));
  const cores = [1, 2].map(() => new SqliteCore(openDatabase(join(folder, "baton.db")), { now: () => now }));
  const [store, other] = cores.map((core) => new MemoryStore(core, silent));
  if (store === undefined || other === undefined) throw new Error("two connections");
  return {
    store,
    other,
    hasFiles: true,
    advance: (ms) => {
      now += ms;
    },
    close: async () => {
      for (const core of cores) core.db.close();
      rmSync(folder, { recursive: true });
    },
  };
}
