import assert from "node:assert/strict";
import { it } from "node:test";
import { freshSchema, noPostgres } from "../../../test/postgres/server.ts";
import { systemClock } from "../../app/platform.ts";
import type { Hint } from "../../kernel/ports/notifier.ts";
import { newStart } from "../conformance/new-start.ts";
import { PostgresStore } from "./store.ts";

it("a store receives hints of another store, and ignores malformed ones", {
  skip: await noPostgres(),
}, async (test) => {
  const stores: PostgresStore[] = [];
  test.after(async () => {
    for (const store of stores) await store.close();
  });
  const schema = await freshSchema(test);
  const received: Hint[] = [];
  let onHint = (): void => {};
  const open = async (seat: number, publish: (hint: Hint) => void): Promise<PostgresStore> => {
    const notifier = { publish, subscribe: () => () => {} };
    const store = await PostgresStore.open(schema.url, { notifier, clock: systemClock, seat });
    stores.push(store);
    return store;
  };
  await open(1, (hint) => {
    received.push(hint);
    onHint();
  });
  const sender = await open(2, () => {});
  // A listener first publishes its own hint, for anything that was sent before it listened.
  while (received.length === 0) await new Promise<void>((resolve) => (onHint = resolve));
  for (const bad of ["", "{", "null", '{"hint":{"arrivals":5,"changed":{}}}', '{"hint":{"changed":[null,{"no":"1"}]}}'])
    await schema.query("select pg_notify($1, $2)", [`${schema.schema}_hints`, bad]);
  const outcome = await sender.commit(newStart());
  assert.ok(outcome.ok);
  const isReceived = (): boolean =>
    received.some((hint) => hint.changed?.some((change) => change.no === outcome.run.no));
  while (!isReceived()) await new Promise<void>((resolve) => (onHint = resolve));
  assert.ok(received.every((hint) => hint.arrivals === undefined || Array.isArray(hint.arrivals)));
});
