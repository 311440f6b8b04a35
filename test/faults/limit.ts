/** A signal that aborts when the time is up or when one of the others does. */
export function withinLimit(limitMs: number, ...others: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(limitMs), ...others.filter((signal) => signal !== undefined)]);
}
