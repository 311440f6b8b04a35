import { systemClock } from "../../src/app/platform.ts";
import type { Bench } from "../../src/stores/conformance/suite.ts";
import { InterceptedStore } from "../../src/stores/intercepted.ts";
import { PostgresStore } from "../../src/stores/postgres/store.ts";
import { MemoryStore, openMemoryCore } from "../../src/stores/sqlite/memory-store.ts";
import { freshSchema } from "../postgres/server.ts";

const silent = { publish: () => {}, subscribe: () => () => {} };
const startAt = Date.UTC(2026, 0, 1);

/** Two sessions on one in-memory SQLite database. */
export async function openMemoryBench(): Promise<Bench> {
  let now = startAt;
  const core = openMemoryCore({ now: () => now });
  return {
    store: new MemoryStore(core, silent),
    other: new MemoryStore(core, silent),
    hasFiles: true,
    advance: (ms) => {
      now += ms;
    },
    close: async () => core.db.close(),
  };
}

/**
 * Two stores on one schema. The clock is the server's: a test sets it by a row, and every later call waits for that.
 */
export async function openPostgresBench(): Promise<Bench> {
  const ends: (() => unknown)[] = [];
  const schema = await freshSchema({ after: (end) => void ends.push(end as () => unknown) });
  const options = { notifier: silent, clock: systemClock };
  const stores = [
    await PostgresStore.open(schema.url, { ...options, seat: 0 }),
    await PostgresStore.open(schema.url, { ...options, seat: 1 }),
  ];
  let now = startAt;
  const setClock = () => schema.query("update clock set test_now = $1", [now]);
  let clockSet: Promise<unknown> = setClock();
  const [store, other] = stores.map((each) => new InterceptedStore(each, (_, call) => clockSet.then(call)));
  if (store === undefined || other === undefined) throw new Error("two sessions");
  return {
    store,
    other,
    hasFiles: false,
    advance: (ms) => {
      now += ms;
      clockSet = clockSet.then(setClock);
    },
    close: async () => {
      for (const each of stores) await each.close();
      // Tables of the user's own statements are created in the first schema of the role's search path.
      await schema.query("drop table if exists public.mine");
      for (const end of ends) await end();
    },
  };
}
