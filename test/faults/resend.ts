/** A client that asks again, long after: it finds the run it was promised, and starts no other. */
import { type Orders, openOrders } from "./orders.ts";
import type { RestOptions } from "./rest.ts";

/** Sends every acknowledged order once more. Each line of the answer is one key that led to another run. */
export async function resendAll(orders: Orders, options: RestOptions): Promise<string[]> {
  const requests = orders.acknowledged.map(({ request }) => request);
  const again = openOrders(requests, options);
  again.sendUpTo(requests.length);
  await again.settled();
  const promised = new Map(orders.acknowledged.map(({ request, id }) => [request.idempotencyKey, id]));
  const distinct = new Set(promised.values());
  const doubled = distinct.size === promised.size ? [] : [`${promised.size} keys share ${distinct.size} runs`];
  const violations = again.acknowledged
    .filter(({ request, id }) => promised.get(request.idempotencyKey) !== id)
    .map(({ request, id }) => `the key ${request.idempotencyKey} was promised another run than ${id}`);
  return [...doubled, ...violations];
}
