/** A `Date`, milliseconds since 1970, or RFC 3339 text with an offset such as `"2026-11-20T09:30:00Z"`. */
export type Timestamp = Date | number | string;

/** What to write instead of a value that {@link parseTimestamp} refuses. */
export const timestampHint = 'use a timestamp with an offset, such as "2026-11-20T09:30:00Z"';

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * Returns milliseconds since 1970, rounded up to a whole number, or null for a value that is not a timestamp. Text
 * without an offset is refused, because it would mean another time on each machine; so is a date that does not exist,
 * such as February 30, which `Date.parse` would move to March.
 */
export function parseTimestamp(value: unknown): number | null {
  const ms = value instanceof Date || typeof value === "number" ? Number(value) : parseText(value);
  return Number.isFinite(ms) && Math.abs(ms) <= timestampMax ? Math.ceil(ms) : null;
}

/** The latest time that a `Date` can represent, ms. */
const timestampMax = 8_640_000_000_000_000;

function parseText(value: unknown): number {
  const parts = typeof value === "string" ? rfc3339.exec(value) : null;
  if (parts === null) return Number.NaN;
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  // Day 0 of the next month is the last day of this one.
  return day > new Date(Date.UTC(year, month, 0)).getUTCDate() ? Number.NaN : Date.parse(parts[0]);
}

const httpDates = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]+, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

/** The time of an HTTP date in one of the three forms of RFC 9110 section 5.6.7, ms since 1970, or null. */
export function parseHttpDate(text: string): number | null {
  if (!httpDates.some((form) => form.test(text))) return null;
  // The third form has no time zone; it is GMT as well.
  const ms = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(ms) ? null : ms;
}
