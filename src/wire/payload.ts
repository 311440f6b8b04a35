/** Stands for a value of more than 32 KiB: `GET href` gives the whole of it as JSON. */
export interface Truncated {
  readonly truncated: true;
  readonly bytes: number;
  readonly href: string;
}

/** Any JSON value, or what stands for a large one. Null also when there is none. */
export type Payload = unknown;

/** Values up to this many bytes stand in the answer itself. */
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
