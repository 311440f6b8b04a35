import type { Duration } from "../../stdx/duration.ts";
import type { ErrorRecord } from "./errors.ts";

/**
 * Errors that a definition's author throws or catches. They are told apart by their mark, never by class: an old and a
 * new version of a definition may each bring their own copy of this file into one process.
 */
const nonRetryable = Symbol.for("baton.non-retryable");
const retryAfter = Symbol.for("baton.retry-after");

/** Thrown by a step to say that another attempt cannot help. */
export class NonRetryableError extends Error {
  override readonly name = "NonRetryableError";
  readonly [nonRetryable] = true;
}

/** Thrown by a step to say when the next attempt may come; it never comes sooner. */
export class RetryAfter extends Error {
  override readonly name = "RetryAfter";
  readonly delay: Duration;
  readonly [retryAfter] = true;
  constructor(delay: Duration, options: { message?: string; cause?: unknown } = {}) {
    super(
      options.message ?? messageOf(options.cause) ?? `retry after ${delay}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.delay = delay;
  }
}

function messageOf(cause: unknown): string | null {
  return cause instanceof Error ? cause.message : null;
}

/** Marks an error as one that no further attempt can mend. */
export function asNonRetryable<E extends Error>(error: E): E {
  return Object.assign(error, { [nonRetryable]: true });
}

export function isNonRetryable(error: unknown): boolean {
  return lookAt(() => typeof error === "object" && error !== null && nonRetryable in error, false);
}

/** The delay that a `RetryAfter` asks for, or null. */
export function retryAfterOf(error: unknown): Duration | null {
  return lookAt(
    () =>
      typeof error === "object" && error !== null && retryAfter in error && "delay" in error
        ? (error.delay as Duration)
        : null,
    null,
  );
}

/** Anything can be thrown, also what throws when it is looked at: that says nothing. */
export function lookAt<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

/** What a step throws into the code when its retries are used up. `cause` is the last error, as it was recorded. */
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

/** What `ctx.call` throws when the child run failed or was cancelled. */
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

/** A recorded error as an Error again: `name`, `code` and message are those of the first time. */
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
