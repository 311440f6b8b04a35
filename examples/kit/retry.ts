/** Short, so that a demo shows a failure within seconds. For real systems, start at seconds and retry for minutes. */
export const retry = { attempts: 4, backoff: "exponential", first: "200ms", max: "2s" } as const;
