/** RFC 3339 UTC with milliseconds: the only form of time on the wire. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Counters are kept by the hour. */
export const hourMs = 3_600_000;

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}
