/** A signal that aborts after the limit or when one of the others aborts. */
export function withinLimit(limitMs: number, ...others: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(limitMs), ...others.filter((signal) => signal !== undefined)]);
}
