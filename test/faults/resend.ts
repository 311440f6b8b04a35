/** A client that repeats its requests long after: it gets the acknowledged run and starts no other one. */
import { type Orders, openOrders } from "./orders.ts";
import type { WaitOptions } from "./wait-for-ends.ts";

/** Sends every acknowledged request once more. Each line of the result is a key that returned another run. */
export async function resendAll(orders: Orders, options: WaitOptions): Promise<string[]> {
  const requests = orders.acknowledged.map(({ request }) => request);
  const again = openOrders(requests, options);
  again.sendUpTo(requests.length);
  await again.settled();
  const promised = new Map(orders.acknowledged.map(({ request, id }) => [request.idempotencyKey, id]));
  const distinct = new Set(promised.values());
  const doubled = distinct.size === promised.size ? [] : [`${promised.size} keys share ${distinct.size} runs`];
  const violations = again.acknowledged
    .filter(({ request, id }) => promised.get(request.idempotencyKey) !== id)
    .map(({ request, id }) => `the key ${request.idempotencyKey} now returns ${id}, not its acknowledged run`);
  return [...doubled, ...violations];
}
