/**
 * The few calls of Baton's HTTP API that the demo and the fault tests make, with plain fetch as any client would.
 *
 * Baton may be killed at any time. A connection error means "unknown": the run may be stored and the answer lost. So a
 * start is sent again with the same idempotency key until there is an answer, and a look is simply repeated.
 */
import { until } from "./until.ts";

/** An error as the API tells it. */
export interface ErrorView {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly step?: string;
}

/** One try of a step. */
export interface AttemptView {
  readonly number: number;
  readonly status: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: ErrorView | null;
}

/** A step with its kept result. */
export interface StepView {
  readonly name: string;
  readonly key: string;
  readonly status: string;
  readonly output: unknown;
  readonly error: ErrorView | null;
  readonly attempts: readonly AttemptView[];
}

/** A run with its steps. */
export interface RunView {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly key: string | null;
  readonly input: unknown;
  readonly output: unknown;
  readonly error: ErrorView | null;
  readonly steps: readonly StepView[];
}

/** What to start, under which idempotency key. */
export interface StartRequest {
  readonly name: string;
  readonly input: unknown;
  readonly idempotencyKey: string;
}

/** Baton answered, and the answer was no. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Where Baton is now, or null while it is away. */
export type FindUrl = () => string | null;

/** Sends the start until Baton acknowledges it. Throws `ApiError` when the answer is a refusal. */
export function startUntilAcknowledged(
  findUrl: FindUrl,
  request: StartRequest,
  { signal, limitMs }: { signal?: AbortSignal | undefined; limitMs?: number } = {},
): Promise<RunView> {
  return until(() => orNullWhileAway(findUrl, (url) => startRun(url, request)), {
    what: `Baton acknowledges ${request.idempotencyKey}`,
    signal,
    ...(limitMs === undefined ? {} : { limitMs }),
  });
}

/** Reads a run with its steps, or gives null while Baton is away. */
export function lookAtRun(findUrl: FindUrl, id: string): Promise<RunView | null> {
  return orNullWhileAway(findUrl, (url) => call(`${url}/api/runs/${id}`, {}));
}

function startRun(url: string, request: StartRequest): Promise<RunView> {
  return call(`${url}/api/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
}

/** Whether the run is over: completed, cancelled, or at rest as a dead letter. */
export function isAtRest({ status }: RunView): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** A request on this machine that takes longer will not be answered: its server was killed. */
const REQUEST_LIMIT_MS = 10_000;

async function orNullWhileAway<Result>(
  findUrl: FindUrl,
  send: (url: string) => Promise<Result>,
): Promise<Result | null> {
  const url = findUrl();
  if (url === null) return null;
  return send(url).catch((error: unknown) => {
    // A 503 says "not now" (a full queue, a server that is closing); another refusal stays one.
    if (error instanceof ApiError && error.status !== 503) throw error;
    return null;
  });
}

async function call(url: string, request: RequestInit): Promise<RunView> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, `Baton answered ${response.status}: ${text}`);
  return JSON.parse(text) as RunView;
}
