import { freshSchema, noPostgres } from "../../../test/postgres/server.ts";
import { systemClock } from "../../app/platform.ts";
import { describeLife } from "../conformance/life.ts";
import { describeSchedules } from "../conformance/schedules.ts";
import { type Bench, describeStore } from "../conformance/suite.ts";
import { InterceptedStore } from "../intercepted.ts";
import { PostgresStore } from "./store.ts";

const silent = { publish: () => {}, subscribe: () => () => {} };

if ((await noPostgres()) === false)
  for (const describeAll of [describeStore, describeSchedules, describeLife]) describeAll("postgres", openBench);

/** Two stores on one schema. The clock is the server's: a test moves it by a row, and everything after waits for that. */
async function openBench(): Promise<Bench> {
  const ends: (() => unknown)[] = [];
  const schema = await freshSchema({ after: (end) => void ends.push(end as () => unknown) });
  const options = { notifier: silent, clock: systemClock };
  const stores = [
    await PostgresStore.open(schema.url, { ...options, seat: 0 }),
    await PostgresStore.open(schema.url, { ...options, seat: 1 }),
  ];
  let now = Date.UTC(2026, 0, 1);
  const setClock = () => schema.query("update clock set test_now = $1", [now]);
  let moved: Promise<unknown> = setClock();
  const [store, other] = stores.map((each) => new InterceptedStore(each, (_, call) => moved.then(call)));
  if (store === undefined || other === undefined) throw new Error("two sessions");
  return {
    store,
    other,
    hasFiles: false,
    advance: (ms) => {
      now += ms;
      moved = moved.then(setClock);
    },
    close: async () => {
      for (const each of stores) await each.close();
      // What the user's own statements make lies where the role's search path leads.
      await schema.query("drop table if exists public.mine");
      for (const end of ends) await end();
    },
  };
}
