import { type Duration, parseDuration } from "../../stdx/duration.ts";
import { parseHttpDate } from "../../stdx/timestamp.ts";
import { BatonError, type ErrorRecord } from "./errors.ts";

/**
 * Errors that a definition's author throws or catches. They are identified by a mark, never by class: an old and a new
 * version of a definition may each bring their own copy of this file into one process.
 */
const nonRetryable = Symbol.for("baton.non-retryable");
const retryAfter = Symbol.for("baton.retry-after");

/** Thrown by a step if another attempt cannot help. */
export class NonRetryableError extends Error {
  override readonly name = "NonRetryableError";
  readonly [nonRetryable] = true;
}

/**
 * Thrown by a step to set the minimum delay before the next attempt: a duration, or the text of an HTTP `Retry-After`
 * header (whole seconds such as `"120"`, or an HTTP date). Throws a `BatonError` with code `invalid-option` for
 * anything else.
 */
export class RetryAfter extends Error {
  override readonly name = "RetryAfter";
  readonly delay: Duration;
  readonly [retryAfter] = true;
  constructor(delay: Duration, options: { message?: string; cause?: unknown } = {}) {
    readDelay(delay);
    super(
      options.message ?? messageOf(options.cause) ?? `retry after ${delay}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.delay = delay;
  }
}

/** How long to wait at least, ms, or the time before which there must be no attempt, ms since 1970. */
export type RetryDelay = { readonly delayMs: number } | { readonly at: number };

/** Reads the delay of a `RetryAfter`. Throws if the value is not a valid delay. */
function readDelay(delay: unknown): RetryDelay {
  if (typeof delay === "string") {
    if (/^\s*\d+\s*$/.test(delay)) return { delayMs: parseDuration(`${delay.trim()}s`) };
    const at = parseHttpDate(delay.trim());
    if (at !== null) return { at };
  }
  try {
    return { delayMs: parseDuration(delay as Duration) };
  } catch (cause) {
    throw new BatonError(
      "invalid-option",
      `RetryAfter cannot read ${typeof delay === "string" ? JSON.stringify(delay) : String(delay)}`,
      {
        hint: 'use a duration such as "30s", or the text of a Retry-After header: seconds or an HTTP date',
        cause,
      },
    );
  }
}

function messageOf(cause: unknown): string | null {
  return cause instanceof Error ? cause.message : null;
}

/** Marks an error as one that another attempt cannot fix. */
export function asNonRetryable<E extends Error>(error: E): E {
  return Object.assign(error, { [nonRetryable]: true });
}

export function isNonRetryable(error: unknown): boolean {
  return tryRead(() => typeof error === "object" && error !== null && nonRetryable in error, false);
}

/** The delay that a `RetryAfter` requests, or null: also for a delay of another version that cannot be read. */
export function retryAfterOf(error: unknown): RetryDelay | null {
  return tryRead(
    () =>
      typeof error === "object" && error !== null && retryAfter in error && "delay" in error
        ? readDelay(error.delay)
        : null,
    null,
  );
}

/** Reads a thrown value, which may itself throw when it is read. Returns `otherwise` in that case. */
export function tryRead<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Thrown by a step when its retries are used up. `cause` is the last error, as recorded. */
export class StepFailedError extends Error {
  override readonly name = "StepFailedError";
  readonly code = "step-failed";
  readonly step: string;
  readonly record: ErrorRecord;
  constructor(step: string, record: ErrorRecord) {
    super(record.message, { cause: reviveError(record) });
    this.step = step;
    this.record = record;
  }
}

/** Thrown by `ctx.call` if the child run failed or was cancelled. */
export class ChildFailedError extends Error {
  override readonly name = "ChildFailedError";
  readonly code: string;
  readonly run: string;
  constructor(run: string, status: string, record: ErrorRecord | null) {
    super(
      record === null ? `child run ${run} was ${status}` : record.message,
      record === null ? undefined : { cause: reviveError(record) },
    );
    this.run = run;
    this.code = `child-${status}`;
  }
}

/** Restores a recorded error: `name`, `code` and message are the original ones. */
export function reviveError(record: ErrorRecord): Error {
  const error = new Error(
    record.message,
    record.cause === undefined ? undefined : { cause: reviveError(record.cause) },
  );
  error.name = record.name;
  if (record.stack !== undefined) error.stack = record.stack;
  if (record.code !== undefined) Object.assign(error, { code: record.code });
  if (record.details !== undefined) Object.assign(error, { details: record.details });
  return error;
}
