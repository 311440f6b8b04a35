/**
 * The calls of Baton's HTTP API that the demo and the fault tests make, with plain fetch like any client.
 *
 * Baton may be killed at any time. After a connection error the outcome is unknown: the run may be stored and only the
 * response lost. So a start is repeated with the same idempotency key until there is a response; a read is just
 * repeated.
 */
import { until } from "./until.ts";

/** An error as the API returns it. */
export interface ErrorView {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly step?: string;
}

/** One attempt of a step. */
export interface AttemptView {
  readonly number: number;
  readonly status: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly error: ErrorView | null;
}

/** A step with its recorded result. */
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

/** A run to start, with its idempotency key. */
export interface StartRequest {
  readonly name: string;
  readonly input: unknown;
  readonly idempotencyKey: string;
}

/** Baton returned an error response. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Returns Baton's current URL, or null while Baton is down. */
export type FindUrl = () => string | null;

/** Sends the start until Baton acknowledges it. Throws `ApiError` if Baton refuses it. */
export function startUntilAcknowledged(
  findUrl: FindUrl,
  request: StartRequest,
  { signal, limitMs }: { signal?: AbortSignal | undefined; limitMs?: number } = {},
): Promise<RunView> {
  return until(() => orNullWhileDown(findUrl, (url) => startRun(url, request)), {
    what: `Baton acknowledges ${request.idempotencyKey}`,
    signal,
    ...(limitMs === undefined ? {} : { limitMs }),
  });
}

/** Reads a run with its steps. Returns null while Baton is down. */
export function readRun(findUrl: FindUrl, id: string): Promise<RunView | null> {
  return orNullWhileDown(findUrl, (url) => call(`${url}/api/runs/${id}`, {}));
}

function startRun(url: string, request: StartRequest): Promise<RunView> {
  return call(`${url}/api/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
}

/** Whether the run has ended: completed, failed (a dead letter) or cancelled. */
export function hasEnded({ status }: RunView): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** A request on this machine that takes longer gets no response: the server was killed. */
const REQUEST_LIMIT_MS = 10_000;

async function orNullWhileDown<Result>(
  findUrl: FindUrl,
  send: (url: string) => Promise<Result>,
): Promise<Result | null> {
  const url = findUrl();
  if (url === null) return null;
  return send(url).catch((error: unknown) => {
    // 503 is temporary (a full queue, a server that is shutting down). Any other error response is final.
    if (error instanceof ApiError && error.status !== 503) throw error;
    return null;
  });
}

async function call(url: string, request: RequestInit): Promise<RunView> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, `Baton returned ${response.status}: ${text}`);
  return JSON.parse(text) as RunView;
}
