/** Replaces a value of more than 32 KiB. `GET href` returns the whole value as JSON. */
export interface Truncated {
  readonly truncated: true;
  readonly bytes: number;
  readonly href: string;
}

/** A JSON value, or the placeholder of a large one. Null also if there is no value. */
export type Payload = unknown;

/** Values up to this many bytes are included in the response. */
export const inlineBytesMax = 32 * 1024;

export function isTruncated(value: unknown): value is Truncated {
  return (
    typeof value === "object" &&
    value !== null &&
    "truncated" in value &&
    value.truncated === true &&
    "href" in value &&
    typeof value.href === "string"
  );
}
