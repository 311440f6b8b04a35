import { isNonRetryable, retryAfterOf } from "../model/user-errors.ts";

/** When a failed attempt is retried. Times in ms. */
export interface RetryPolicy {
  /** Total attempts, including the first. */
  readonly attempts: number;
  readonly backoff: "constant" | "linear" | "exponential";
  readonly firstMs: number;
  readonly maxMs: number;
  /** Up to this share of the delay is added at random, to spread out the retries after an outage. */
  readonly jitter: number;
  readonly when?: (error: unknown) => boolean;
}

export type RetryDecision =
  | { readonly kind: "retry"; readonly delayMs: number }
  | { readonly kind: "exhausted"; readonly because: "attempts" | "non-retryable" };

/**
 * Decides what follows a failed attempt at store time `now`. `charged` is the number of this round's attempts that count against the retry
 * budget, including this one.
 */
export function decideRetry(
  policy: RetryPolicy,
  charged: number,
  error: unknown,
  chance: number,
  now: number,
): RetryDecision {
  if (isNonRetryable(error)) return { kind: "exhausted", because: "non-retryable" };
  if (policy.when !== undefined && !isWorthAnother(policy.when, error))
    return { kind: "exhausted", because: "non-retryable" };
  if (charged >= policy.attempts) return { kind: "exhausted", because: "attempts" };
  return { kind: "retry", delayMs: Math.max(minimumDelayOf(error, now), delayOf(policy, charged, chance)) };
}

/** Calls the author's `when`. If it throws, only the number of attempts decides. */
function isWorthAnother(judge: (error: unknown) => boolean, error: unknown): boolean {
  try {
    return judge(error);
  } catch {
    return true;
  }
}

/** The minimum delay that the error requests, ms. */
function minimumDelayOf(error: unknown, now: number): number {
  const asked = retryAfterOf(error);
  if (asked === null) return 0;
  return "at" in asked ? Math.max(0, asked.at - now) : asked.delayMs;
}

/** Between this attempt's base delay and that plus its jitter. */
export function delayOf(policy: RetryPolicy, charged: number, chance: number): number {
  const base = Math.min(policy.maxMs, policy.firstMs * growth(policy.backoff, charged));
  return Math.floor(base * (1 + policy.jitter * chance));
}

function growth(backoff: RetryPolicy["backoff"], charged: number): number {
  switch (backoff) {
    case "constant":
      return 1;
    case "linear":
      return charged;
    case "exponential":
      return 2 ** Math.min(charged - 1, 40);
  }
}
