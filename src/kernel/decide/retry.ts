import { parseDuration } from "../../stdx/duration.ts";
import { isNonRetryable, retryAfterOf } from "../model/user-errors.ts";

/** When a failed attempt is tried again. Times in ms. */
export interface RetryPolicy {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  readonly backoff: "constant" | "linear" | "exponential";
  readonly firstMs: number;
  readonly maxMs: number;
  /** Up to this share is added at random, so that an outage does not end in a stampede. */
  readonly jitter: number;
  readonly when?: (error: unknown) => boolean;
}

export type RetryDecision =
  | { readonly kind: "retry"; readonly delayMs: number }
  | { readonly kind: "exhausted"; readonly because: "attempts" | "non-retryable" };

/** What follows a failed attempt. `charged` counts this round's attempts that were, this one included. */
export function decideRetry(policy: RetryPolicy, charged: number, error: unknown, chance: number): RetryDecision {
  if (isNonRetryable(error)) return { kind: "exhausted", because: "non-retryable" };
  if (policy.when !== undefined && !isWorthAnother(policy.when, error))
    return { kind: "exhausted", because: "non-retryable" };
  if (charged >= policy.attempts) return { kind: "exhausted", because: "attempts" };
  return { kind: "retry", delayMs: Math.max(leastOf(error), delayOf(policy, charged, chance)) };
}

/** The author's own judgement. One that throws has judged nothing: then the attempts alone decide. */
function isWorthAnother(judge: (error: unknown) => boolean, error: unknown): boolean {
  try {
    return judge(error);
  } catch {
    return true;
  }
}

/** What the error itself asks for; a length that cannot be read asks for nothing. */
function leastOf(error: unknown): number {
  const asked = retryAfterOf(error);
  try {
    return asked === null ? 0 : parseDuration(asked);
  } catch {
    return 0;
  }
}

/** Between the base of this attempt and that plus its jitter. */
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
