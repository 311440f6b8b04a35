import assert from "node:assert/strict";
import { it } from "node:test";
import { freshSchema, noPostgres } from "../../../test/postgres/server.ts";
import { systemClock } from "../../app/platform.ts";
import type { Hint } from "../../kernel/ports/notifier.ts";
import { newStart } from "../conformance/new-start.ts";
import { PostgresStore } from "./store.ts";

it("a store hears what another one does, and nothing that has not the form of a hint", {
  skip: await noPostgres(),
}, async (test) => {
  const stores: PostgresStore[] = [];
  test.after(async () => {
    for (const store of stores) await store.close();
  });
  const schema = await freshSchema(test);
  const heard: Hint[] = [];
  let hear = (): void => {};
  const open = async (seat: number, publish: (hint: Hint) => void): Promise<PostgresStore> => {
    const notifier = { publish, subscribe: () => () => {} };
    const store = await PostgresStore.open(schema.url, { notifier, clock: systemClock, seat });
    stores.push(store);
    return store;
  };
  await open(1, (hint) => {
    heard.push(hint);
    hear();
  });
  const notifier = await open(2, () => {});
  // The first hint of a listener is its own: whatever was told before it listened.
  while (heard.length === 0) await new Promise<void>((resolve) => (hear = resolve));
  for (const bad of ["", "{", "null", '{"hint":{"arrivals":5,"changed":{}}}', '{"hint":{"changed":[null,{"no":"1"}]}}'])
    await schema.query("select pg_notify($1, $2)", [`${schema.schema}_hints`, bad]);
  const outcome = await notifier.commit(newStart());
  assert.ok(outcome.ok);
  const isTold = (): boolean => heard.some((hint) => hint.changed?.some((change) => change.no === outcome.run.no));
  while (!isTold()) await new Promise<void>((resolve) => (hear = resolve));
  assert.ok(heard.every((hint) => hint.arrivals === undefined || Array.isArray(hint.arrivals)));
});
