import type { RetryPolicy } from "../kernel/decide/retry.ts";
import type { UndoAttempt, UndoSpec } from "../kernel/engine/undo.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import { type Duration, parseDuration } from "../stdx/duration.ts";

/** When a failed attempt is retried. Defaults: 3 attempts, exponential from 1 s to 1 min, jitter 0.2. */
export interface RetryOptions {
  /** Total attempts, including the first. */
  attempts?: number;
  backoff?: "constant" | "linear" | "exponential";
  first?: Duration;
  max?: Duration;
  /** Up to this share of the delay, 0 to 1, is added at random. */
  jitter?: number;
  /** Return false if this error is not worth another attempt. */
  when?: (error: unknown) => boolean;
}

export type WhenExhausted = "fail" | "suspend" | "continue";

export interface StepOptions<T = unknown, In = unknown> {
  retry?: RetryOptions | false;
  /** Time limit of one attempt. After it the attempt's signal is aborted and the attempt counts as failed. */
  timeout?: Duration;
  /**
   * When retries are used up: `fail` throws into the code, `suspend` waits for a person, `continue` returns
   * `undefined`.
   */
  whenExhausted?: WhenExhausted;
  /**
   * Undoes the step when the run is compensated: at least once, with retries, in the reverse order of completion. With
   * a second parameter it is also called for a step whose outcome is unknown; otherwise the run waits for a person
   * then.
   */
  undo?: Undo<T> | UndoOptions<T>;
  /** Recorded, shown and editable; passed on as `attempt.input`. */
  input?: In;
  /**
   * Its input, output and errors are sealed at rest and masked wherever they are shown. With paths, such as
   * `["password"]`, only these parts of its output. Anything else in the run that contains one of these values is
   * redacted or sealed too. Needs a key: `BATON_SENSITIVE_KEY`.
   */
  sensitive?: boolean | readonly string[];
  /**
   * False: the errors of a sensitive step stay in clear text, so that people can see why it failed. Use it only if its
   * errors cannot contain sensitive values. Default true.
   */
  hideErrors?: boolean;
  /** Replaces the name in the step's key. */
  key?: string;
}

/** `result` is the step's result; undefined if its outcome is unknown. */
export type Undo<T> = (result: T, attempt: UndoAttempt) => unknown;

export interface UndoOptions<T> {
  work: Undo<T>;
  /** Default: the step's own retry policy, but at least 5 attempts. */
  retry?: RetryOptions | false;
  timeout?: Duration;
}

/** What the kernel needs to undo a step; null without an `undo`. */
export function undoSpec(undo: Undo<never> | UndoOptions<never> | undefined, retry: RetryPolicy): UndoSpec | null {
  if (undo === undefined) return null;
  const options: UndoOptions<never> = typeof undo === "function" ? { work: undo } : undo;
  const { work } = options;
  if (typeof work !== "function")
    throw new BatonError("invalid-option", "undo must be a function, or an object with a function as work");
  const patient = { ...retry, attempts: Math.max(retry.attempts, undoAttemptsMin) };
  return {
    work: work as (result: unknown, attempt: UndoAttempt) => unknown,
    takesUnknown: work.length >= 2,
    policy: retryPolicy(options.retry, patient),
    timeoutMs: options.timeout === undefined ? null : parseDuration(options.timeout),
  };
}

/** A failed undo leaves the run half undone, so it gets more attempts than a step. */
const undoAttemptsMin = 5;

export function retryPolicy(options: RetryOptions | false | undefined, fallback: RetryPolicy): RetryPolicy {
  if (options === false) return { ...fallback, attempts: 1 };
  if (options === undefined) return fallback;
  const attempts = options.attempts ?? fallback.attempts;
  if (!Number.isInteger(attempts) || attempts < 1)
    throw new BatonError("invalid-option", `retry.attempts must be a whole number of 1 or more, not ${attempts}`);
  const jitter = options.jitter ?? fallback.jitter;
  if (!(jitter >= 0 && jitter <= 1))
    throw new BatonError("invalid-option", `retry.jitter must be between 0 and 1, not ${jitter}`);
  return {
    attempts,
    backoff: options.backoff ?? fallback.backoff,
    firstMs: options.first === undefined ? fallback.firstMs : parseDuration(options.first),
    maxMs: options.max === undefined ? fallback.maxMs : parseDuration(options.max),
    jitter,
    ...(options.when === undefined ? {} : { when: options.when }),
  };
}

export const defaultRetry: RetryPolicy = defaults.retry;

/** Checks a name or key chosen by a user: text of 1 to `max` characters. Throws `invalid-name`. */
export function checkName(value: unknown, what: string, max: number = defaults.nameMax): string {
  const isText = typeof value === "string" && value.isWellFormed() && !value.includes("\0");
  if (!isText || value.trim() === "" || value.length > max) {
    throw new BatonError(
      "invalid-name",
      `${what} must be a string of 1 to ${max} characters, not ${JSON.stringify(value)?.slice(0, 60)}`,
    );
  }
  return value;
}
