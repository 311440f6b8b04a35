/** Body of `POST /api/runs`. */
export interface StartBody {
  /** Of the definition. */
  readonly name: string;
  readonly input?: unknown;
  /** Replaces the definition's business key. */
  readonly key?: string;
  /** The same key with the same input answers the run that it started. The header `Idempotency-Key` does the same. */
  readonly idempotencyKey?: string;
  /** Not before this moment, RFC 3339. */
  readonly at?: string;
  /** Not before this long from now: milliseconds, `"90s"`, `"2d"` or `"PT8H"`. */
  readonly after?: string | number;
  /** Seconds by which it goes before others, -600 to 600. */
  readonly priority?: number;
  readonly attributes?: Readonly<Record<string, unknown>>;
}
