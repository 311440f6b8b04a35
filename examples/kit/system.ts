/**
 * Describes a system that an example's workflow calls: its operations, each with its request and its answer. Both the
 * client and the service are built from this description, so they cannot disagree.
 */
import { NonRetryableError, RetryAfter } from "baton";
import type { output, ZodType } from "zod";

export interface OperationShape {
  readonly request: ZodType;
  readonly answer: ZodType;
}

export type Operations = Readonly<Record<string, OperationShape>>;

export interface SystemShape<O extends Operations = Operations> {
  readonly name: string;
  readonly operations: O;
}

/**
 * What a client needs from the attempt: its idempotency key, so that a repeat is not performed twice, and its signal.
 */
export interface Caller {
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

export type Client<O extends Operations> = {
  readonly [K in keyof O]: (request: output<O[K]["request"]>, caller: Caller) => Promise<output<O[K]["answer"]>>;
};

/** Defines a system and its client: `const [shop, shopSystem] = defineSystem("shop", { … })`. */
export function defineSystem<const O extends Operations>(name: string, operations: O): [Client<O>, SystemShape<O>] {
  const calls = Object.entries(operations).map(([operation, { answer }]) => [
    operation,
    async (request: unknown, caller: Caller) => answer.parse(await post(name, operation, request, caller)),
  ]);
  return [Object.fromEntries(calls) as Client<O>, { name, operations }];
}

/** The environment variable with a system's address, such as `WAREHOUSE_URL`. */
export function addressVariable(system: string): string {
  return `${system.toUpperCase().replaceAll("-", "_")}_URL`;
}

/** The system was unreachable or unavailable. The request may be repeated with the same key. */
export class SystemError extends Error {
  override readonly name = "SystemError";
}

async function post(
  system: string,
  operation: string,
  body: unknown,
  { idempotencyKey, signal }: Caller,
): Promise<unknown> {
  const url = process.env[addressVariable(system)];
  if (url === undefined) throw new NonRetryableError(`${addressVariable(system)} is not set: no address for ${system}`);
  const headers = { "content-type": "application/json", "idempotency-key": idempotencyKey };
  const request = { method: "POST", headers, body: JSON.stringify(body), signal };
  const response = await fetch(`${url}/${operation}`, request).catch((cause: unknown) => {
    throw signal.aborted ? signal.reason : new SystemError(`${system} is not reachable`, { cause });
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw failureOf(`${system} returned ${response.status}: ${text}`, response);
}

/** A wrong request stays wrong. 408, 425 and 429 are temporary, like the server's own failures. */
function failureOf(message: string, { status, headers }: Response): Error {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  if (Number.isFinite(seconds)) return new RetryAfter(`${seconds}s`, { message });
  const isTemporary = status >= 500 || status === 408 || status === 425 || status === 429;
  return isTemporary ? new SystemError(message) : new NonRetryableError(message);
}
