/** Time range in which the listed runs were started. */
export interface TimeRange {
  readonly from?: string;
  readonly to?: string;
}

/** Parses the time range of an address; invalid times are ignored, like unknown parameters. */
export function parseTimeRange(from: string | undefined, to: string | undefined): TimeRange {
  const isTimestamp = (text: string | undefined): text is string =>
    text !== undefined && !Number.isNaN(Date.parse(text));
  return { ...(isTimestamp(from) ? { from } : {}), ...(isTimestamp(to) ? { to } : {}) };
}
