import type { RetryPolicy } from "../kernel/decide/retry.ts";
import type { UndoAttempt, UndoSpec } from "../kernel/engine/undo.ts";
import { BatonError } from "../kernel/model/errors.ts";
import { defaults } from "../kernel/model/limits.ts";
import { type Duration, parseDuration } from "../stdx/duration.ts";

/** When a failed attempt is tried again. Defaults: 3 attempts, exponential from 1 s to 1 min, jitter 0.2. */
export interface RetryOptions {
  /** Attempts in all, the first one included. */
  attempts?: number;
  backoff?: "constant" | "linear" | "exponential";
  first?: Duration;
  max?: Duration;
  /** Share of the delay that is added at random, 0 to 1. */
  jitter?: number;
  /** False: this error is not worth another attempt. */
  when?: (error: unknown) => boolean;
}

export type WhenExhausted = "fail" | "suspend" | "continue";

export interface StepOptions<T = unknown, In = unknown> {
  retry?: RetryOptions | false;
  /** Of one attempt; its signal is aborted and the attempt counts as failed. */
  timeout?: Duration;
  /** `fail` throws into the code, `suspend` waits for a person, `continue` goes on with `undefined`. */
  whenExhausted?: WhenExhausted;
  /**
   * Undoes the step when the run is compensated: at least once, with retries, in the reverse order of completion. With a
   * second parameter it is also called for a step whose outcome is unknown; without one a person is asked then.
   */
  undo?: Undo<T> | UndoOptions<T>;
  /** Recorded, shown and editable; arrives as `attempt.input`. */
  input?: In;
  /**
   * Its input, output and errors are sealed at rest and masked wherever they are shown; with paths, such as
   * `["password"]`, only these parts of its output. What else of the run holds one of these values is redacted or sealed
   * as well. Needs a key: `BATON_SENSITIVE_KEY`.
   */
  sensitive?: boolean | readonly string[];
  /**
   * False: the errors of a sensitive step are kept in clear, for people to see why it failed. Only for a step whose errors
   * cannot hold what it is to keep. Default true.
   */
  hideErrors?: boolean;
  /** Replaces the name in the step's key. */
  key?: string;
}

/** `result` is what the step gave; undefined when its outcome is unknown. */
export type Undo<T> = (result: T, attempt: UndoAttempt) => unknown;

export interface UndoOptions<T> {
  work: Undo<T>;
  /** Default: as patient as the step itself, and 5 attempts at least. */
  retry?: RetryOptions | false;
  timeout?: Duration;
}

/** What the kernel needs to undo a step; null without an undo. */
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

/** An undo that gives up leaves something half done: it tries harder than a step. */
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

/** A name or key that a person chose: text of bounded length. */
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
