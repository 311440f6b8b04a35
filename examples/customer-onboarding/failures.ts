/**
 * The errors that the clients throw. They decide what Baton does next: a `SystemError` is retried, a `RetryAfter` is
 * retried when the system asked for it, a `NonRetryableError` (the request itself is wrong) is not retried.
 */
import { NonRetryableError, RetryAfter } from "baton";
import type { SystemName } from "./systems/directory.ts";

/**
 * A system was unreachable or unavailable, or its answer was invalid. The request may be repeated with the same key.
 */
export class SystemError extends Error {
  override readonly name = "SystemError";
  /** `http-503`, or the code of the network failure, such as `ECONNREFUSED`. */
  readonly code: string;
  readonly system: SystemName;
  readonly status: number | undefined;

  constructor(
    system: SystemName,
    code: string,
    what: string,
    { status, cause }: { status?: number; cause?: unknown } = {},
  ) {
    super(`${system} ${what}`, cause === undefined ? undefined : { cause });
    this.system = system;
    this.code = code;
    this.status = status;
  }
}

/** Returns the parsed body of a 2xx response. Throws the error for any other status. */
export async function readAnswer(system: SystemName, response: Response, signal: AbortSignal): Promise<unknown> {
  const text = await response.text().catch((error: unknown) => {
    throw systemErrorOf(system, error, signal);
  });
  if (response.ok) return JSON.parse(text);
  const { status } = response;
  const cause = new SystemError(system, `http-${status}`, `returned ${status}: ${detailOf(text)}`, { status });
  const retryAfter = response.headers.get("retry-after");
  if (retryAfter !== null) throw new RetryAfter(durationOf(retryAfter), { cause });
  // 408 and 429 are client errors that are temporary.
  if (status >= 400 && status < 500 && status !== 408 && status !== 429)
    throw new NonRetryableError(cause.message, { cause });
  throw cause;
}

/**
 * Returns a `SystemError` for a failed connection, a `NonRetryableError` for a permanent SMTP error, the reason of an
 * abort.
 */
export function systemErrorOf(system: SystemName, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const failure = failureOf(error);
  if (failure.smtpStatus !== undefined && failure.smtpStatus >= 500) {
    return new NonRetryableError(`${system} refused the mail: ${failure.message}`, { cause: error });
  }
  return new SystemError(system, failure.code, `is not reachable (${failure.code}): ${failure.message}`, {
    cause: error,
  });
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly smtpStatus: number | undefined;
}

/** fetch puts the network error in `cause`; nodemailer has the SMTP status in `responseCode`. */
function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: "unknown", message: String(error), smtpStatus: undefined };
  const source: Error & { code?: unknown; responseCode?: unknown } = error.cause instanceof Error ? error.cause : error;
  return {
    code: typeof source.code === "string" ? source.code : source.name,
    message: source.message,
    smtpStatus: typeof source.responseCode === "number" ? source.responseCode : undefined,
  };
}

function detailOf(text: string): string {
  try {
    return String((JSON.parse(text) as { detail?: unknown }).detail ?? text);
  } catch {
    return text;
  }
}

/** Retry-After is a number of seconds or an HTTP date. */
function durationOf(retryAfter: string): string {
  const seconds = Number(retryAfter);
  if (Number.isFinite(seconds)) return `${seconds}s`;
  return `${Math.max(0, Math.ceil((Date.parse(retryAfter) - Date.now()) / 1000)) || 0}s`;
}
