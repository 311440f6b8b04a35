/**
 * How an example describes a system that its workflow calls: the acts that it offers, with what each takes and gives.
 * The client and the service are both made from this one description, so that they cannot disagree.
 */
import { NonRetryableError, RetryAfter } from "baton";
import type { output, ZodType } from "zod";

export interface ActShape {
  readonly request: ZodType;
  readonly answer: ZodType;
}

export type Acts = Readonly<Record<string, ActShape>>;

export interface SystemShape<A extends Acts = Acts> {
  readonly name: string;
  readonly acts: A;
}

/** What a client needs of the running attempt: the key, so that a repeat is not a second act, and the signal. */
export interface Caller {
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

export type Client<A extends Acts> = {
  readonly [K in keyof A]: (request: output<A[K]["request"]>, caller: Caller) => Promise<output<A[K]["answer"]>>;
};

/** A system, and the client of it: `const [shop, shopSystem] = defineSystem("shop", { … })`. */
export function defineSystem<const A extends Acts>(name: string, acts: A): [Client<A>, SystemShape<A>] {
  const calls = Object.entries(acts).map(([act, { answer }]) => [
    act,
    async (request: unknown, caller: Caller) => answer.parse(await post(name, act, request, caller)),
  ]);
  return [Object.fromEntries(calls) as Client<A>, { name, acts }];
}

/** The variable that holds a system's address, as in `WAREHOUSE_URL`. */
export function addressVariable(system: string): string {
  return `${system.toUpperCase().replaceAll("-", "_")}_URL`;
}

/** The system was unreachable or unavailable: the request may be repeated with the same key. */
export class SystemError extends Error {
  override readonly name = "SystemError";
}

async function post(system: string, act: string, body: unknown, { idempotencyKey, signal }: Caller): Promise<unknown> {
  const url = process.env[addressVariable(system)];
  if (url === undefined) throw new NonRetryableError(`${addressVariable(system)} does not say where ${system} is`);
  const headers = { "content-type": "application/json", "idempotency-key": idempotencyKey };
  const request = { method: "POST", headers, body: JSON.stringify(body), signal };
  const response = await fetch(`${url}/${act}`, request).catch((cause: unknown) => {
    throw signal.aborted ? signal.reason : new SystemError(`${system} is not reachable`, { cause });
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw failureOf(`${system} answered ${response.status}: ${text}`, response);
}

/** A request that is wrong stays wrong; 408, 425 and 429 pass by themselves, as the server's own failures do. */
function failureOf(message: string, { status, headers }: Response): Error {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  if (Number.isFinite(seconds)) return new RetryAfter(`${seconds}s`, { message });
  const passes = status >= 500 || status === 408 || status === 425 || status === 429;
  return passes ? new SystemError(message) : new NonRetryableError(message);
}
