/** RFC 3339 UTC with milliseconds, the only time format on the wire. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Counters are per hour. */
export const hourMs = 3_600_000;

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
