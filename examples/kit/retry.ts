/** A demo shows a failure within seconds; against real systems begin at seconds and go on for minutes. */
export const retry = { attempts: 4, backoff: "exponential", first: "200ms", max: "2s" } as const;
